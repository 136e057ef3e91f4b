// Schedules: how they are written, what they compute, and what they refuse.
// RUN: nnc-opt %s --allow-unregistered-dialect --split-input-file --verify-diagnostics | FileCheck %s
// RUN: nnc-opt %S/Inputs/schedules.mlir --phase=grad --entries=init,train | FileCheck %s --check-prefix=LOWERED

// CHECK: #nn.exponential_decay<initial_learning_rate = 0.1, decay_steps = 10, decay_rate = 0.9>
// CHECK-SAME: #nn.exponential_decay<initial_learning_rate = 0.1, decay_steps = 10, decay_rate = 0.9, staircase = true>
"test.attribute"() {a = #nn.exponential_decay<initial_learning_rate = 0.1, decay_steps = 10, decay_rate = 0.9>,
                    b = #nn.exponential_decay<staircase = true, decay_rate = 0.9, decay_steps = 10,
                                              initial_learning_rate = 0.1>} : () -> ()
// CHECK: #nn.inverse_time_decay<initial_learning_rate = 1.0, decay_steps = 10, decay_rate = 0.0>
"test.attribute"() {a = #nn.inverse_time_decay<initial_learning_rate = 1, decay_steps = 10, decay_rate = 0,
                                               staircase = false>} : () -> ()
// CHECK: #nn.polynomial_decay<initial_learning_rate = 0.1, decay_steps = 10>
// CHECK-SAME: #nn.polynomial_decay<initial_learning_rate = 0.1, decay_steps = 10, end_learning_rate = 0.0, power = 2.0, cycle = true>
"test.attribute"() {a = #nn.polynomial_decay<initial_learning_rate = 0.1, decay_steps = 10>,
                    b = #nn.polynomial_decay<initial_learning_rate = 0.1, decay_steps = 10, end_learning_rate = 0.0,
                                             power = 2.0, cycle = true>} : () -> ()
// CHECK: #nn.piecewise_constant_decay<boundaries = [0, 20], values = [1, 1.000000e-01, 1.000000e-02]>
"test.attribute"() {a = #nn.piecewise_constant_decay<boundaries = [0, 20], values = [1, 0.1, 0.01]>} : () -> ()
// CHECK: #nn.cosine_decay<initial_learning_rate = 0.1, decay_steps = 10>
// CHECK-SAME: #nn.cosine_decay<initial_learning_rate = 0.0, decay_steps = 10, alpha = 0.1, warmup_target = 0.1, warmup_steps = 5>
"test.attribute"() {a = #nn.cosine_decay<initial_learning_rate = 0.1, decay_steps = 10>,
                    b = #nn.cosine_decay<initial_learning_rate = 0.0, decay_steps = 10, alpha = 0.1,
                                         warmup_target = 0.1, warmup_steps = 5>} : () -> ()
// CHECK: #nn.warmup<lr = 0.1, warmup_steps = 5>
// CHECK-SAME: #nn.warmup<lr = #nn.cosine_decay<initial_learning_rate = 0.1, decay_steps = 10>, warmup_steps = 5, initial_learning_rate = 0.01>
"test.attribute"() {a = #nn.warmup<lr = 0.1, warmup_steps = 5>,
                    b = #nn.warmup<lr = #nn.cosine_decay<initial_learning_rate = 0.1, decay_steps = 10>,
                                   warmup_steps = 5, initial_learning_rate = 0.01>} : () -> ()

// The rate is computed once, of the counter before it counts this step; there is no input for it. An accumulator begins
// where it is told to.
// LOWERED: nn.variable @m.dense.kernel.a : tensor<4x2xf32> {initializer = #nn.constant<value = 0.5>, {{.*}}role = slot
// LOWERED-LABEL: func.func @fit.train
// LOWERED-NOT: learning_rate
// LOWERED-SAME: %[[STEP:[a-z0-9]+]]: tensor<i64> {nn.variable = @fit.iterations}
// LOWERED-NOT: learning_rate
// LOWERED: %[[BEFORE:.*]] = tensor.extract %[[STEP]]
// LOWERED: %[[N:.*]] = arith.sitofp %[[BEFORE]] : i64 to f64
// LOWERED: %[[P:.*]] = arith.divf %[[N]]
// LOWERED: %[[FLOOR:.*]] = math.floor %[[P]] : f64
// LOWERED: %[[POWER:.*]] = math.powf %{{.*}}, %[[FLOOR]] : f64
// LOWERED: %[[RATE:.*]] = arith.mulf %{{.*}}, %[[POWER]] : f64
// LOWERED-NOT: math.powf
// LOWERED: arith.addi %[[STEP]]
// LOWERED: arith.truncf %[[RATE]] : f64 to f32
// LOWERED-NOT: math.powf
// LOWERED-LABEL: func.func @init
// LOWERED: arith.constant 5.000000e-01 : f32

// -----

// expected-error @below {{exponential_decay: decay_steps must be above 0, not 0}}
"test.attribute"() {a = #nn.exponential_decay<initial_learning_rate = 0.1, decay_steps = 0, decay_rate = 0.9>} : () -> ()

// -----

// expected-error @below {{exponential_decay: decay_rate must be finite in f32 and above 0, not -0.9}}
"test.attribute"() {a = #nn.exponential_decay<initial_learning_rate = 0.1, decay_steps = 1, decay_rate = -0.9>} : () -> ()

// -----

// expected-error @below {{struct is missing required parameter: decay_rate}}
"test.attribute"() {a = #nn.exponential_decay<initial_learning_rate = 0.1, decay_steps = 1>} : () -> ()

// -----

// expected-error @below {{inverse_time_decay: initial_learning_rate must be finite in f32 and not negative, not -0.1}}
"test.attribute"() {a = #nn.inverse_time_decay<initial_learning_rate = -0.1, decay_steps = 1, decay_rate = 1>} : () -> ()

// -----

// expected-error @below {{inverse_time_decay: decay_rate must be finite in f32 and not negative, not -1.0}}
"test.attribute"() {a = #nn.inverse_time_decay<initial_learning_rate = 0.1, decay_steps = 1, decay_rate = -1>} : () -> ()

// -----

// expected-error @below {{polynomial_decay: power must be finite in f32 and above 0, not 0.0}}
"test.attribute"() {a = #nn.polynomial_decay<initial_learning_rate = 0.1, decay_steps = 1, power = 0>} : () -> ()

// -----

// expected-error @below {{polynomial_decay: end_learning_rate must be finite in f32 and not negative, not -1.0}}
"test.attribute"() {a = #nn.polynomial_decay<initial_learning_rate = 0.1, decay_steps = 1, end_learning_rate = -1>} : () -> ()

// -----

// expected-error @below {{piecewise_constant_decay: boundaries must be whole numbers, not negative and increasing, not [2, 2]}}
"test.attribute"() {a = #nn.piecewise_constant_decay<boundaries = [2, 2], values = [1, 2, 3]>} : () -> ()

// -----

// expected-error @below {{piecewise_constant_decay: boundaries must be whole numbers, not negative and increasing, not [2.5]}}
"test.attribute"() {a = #nn.piecewise_constant_decay<boundaries = [2.5], values = [1, 2]>} : () -> ()

// -----

// expected-error @below {{piecewise_constant_decay: values must be numbers, not ["small", 2]}}
"test.attribute"() {a = #nn.piecewise_constant_decay<boundaries = [2], values = ["small", 2]>} : () -> ()

// -----

// expected-error @below {{piecewise_constant_decay: each of values must be finite in f32 and not negative, not -1.0}}
"test.attribute"() {a = #nn.piecewise_constant_decay<boundaries = [2], values = [-1, 2]>} : () -> ()

// -----

// expected-error @below {{piecewise_constant_decay: takes at least one boundary, and one value more than boundaries, not 2 and 2}}
"test.attribute"() {a = #nn.piecewise_constant_decay<boundaries = [2, 3], values = [1, 2]>} : () -> ()

// -----

// expected-error @below {{piecewise_constant_decay: takes at least one boundary, and one value more than boundaries, not 0 and 1}}
"test.attribute"() {a = #nn.piecewise_constant_decay<boundaries = [], values = [1]>} : () -> ()

// -----

// expected-error @below {{cosine_decay: warmup_steps takes a warmup_target, the rate to warm up to}}
"test.attribute"() {a = #nn.cosine_decay<initial_learning_rate = 0.1, decay_steps = 1, warmup_steps = 5>} : () -> ()

// -----

// expected-error @below {{cosine_decay: warmup_steps must be above 0, not 0}}
"test.attribute"() {a = #nn.cosine_decay<initial_learning_rate = 0.1, decay_steps = 1, warmup_target = 1>} : () -> ()

// -----

// expected-error @below {{cosine_decay: alpha must be finite in f32 and not negative, not -1.0}}
"test.attribute"() {a = #nn.cosine_decay<initial_learning_rate = 0.1, decay_steps = 1, alpha = -1>} : () -> ()

// -----

// expected-error @below {{warmup: lr must be finite in f32 and not negative, not -1.0}}
"test.attribute"() {a = #nn.warmup<lr = -1, warmup_steps = 1>} : () -> ()

// -----

// expected-error @below {{warmup: warmup_steps must be above 0, not -3}}
"test.attribute"() {a = #nn.warmup<lr = 1, warmup_steps = -3>} : () -> ()

// -----

// expected-error @below {{warmup: initial_learning_rate must be finite in f32 and not negative, not -1.0}}
"test.attribute"() {a = #nn.warmup<lr = 1, warmup_steps = 1, initial_learning_rate = -1>} : () -> ()
