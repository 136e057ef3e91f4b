// Optimisers: how they are written, and what they refuse.
// RUN: nnc-opt %s --allow-unregistered-dialect --split-input-file --verify-diagnostics | FileCheck %s

// CHECK: #nn.sgd
// CHECK-SAME: #nn.sgd<lr = 1.0, momentum = 0.9, nesterov = true>
"test.attribute"() {a = #nn.sgd, b = #nn.sgd<lr = 1, momentum = 0.9, nesterov = true>} : () -> ()
// CHECK: #nn.adam,
// CHECK-SAME: #nn.adam<lr = 0.01, beta_1 = 0.5, epsilon = 1.0e-08>
"test.attribute"() {a = #nn.adam, b = #nn.adam<epsilon = 1.0e-8, beta_1 = 0.5, lr = 0.01>} : () -> ()
// CHECK: #nn.adamw,
// CHECK-SAME: #nn.adamw<weight_decay = 0.1>
"test.attribute"() {a = #nn.adamw, b = #nn.adamw<weight_decay = 0.1>} : () -> ()
// CHECK: #nn.rmsprop,
// CHECK-SAME: #nn.rmsprop<rho = 0.5, momentum = 0.9, centered = true>
"test.attribute"() {a = #nn.rmsprop, b = #nn.rmsprop<centered = true, momentum = 0.9, rho = 0.5, epsilon = 1.0e-7>} : () -> ()
// CHECK: #nn.adagrad,
// CHECK-SAME: #nn.adagrad<lr = 1.0, initial_accumulator_value = 0.0>
"test.attribute"() {a = #nn.adagrad, b = #nn.adagrad<lr = 1, initial_accumulator_value = 0.0>} : () -> ()

// What every optimiser takes.
// CHECK: #nn.sgd<clipvalue = 0.5>
// CHECK-SAME: #nn.rmsprop<clipnorm = 1.0>
// CHECK-SAME: #nn.adam<lr = #nn.warmup<lr = 0.001, warmup_steps = 10>, global_clipnorm = 2.5>
"test.attribute"() {a = #nn.sgd<clipvalue = 0.5>, b = #nn.rmsprop<clipnorm = 1>,
                    c = #nn.adam<global_clipnorm = 2.5, lr = #nn.warmup<lr = 1.0e-3, warmup_steps = 10>>} : () -> ()

// -----

// A learning rate of 0 freezes; a negative one would climb.
"test.attribute"() {a = #nn.sgd<lr = 0.0>} : () -> ()
// expected-error @below {{sgd: lr must be finite in f32 and not negative, not -1.0}}
"test.attribute"() {a = #nn.sgd<lr = -1.0>} : () -> ()

// -----

// expected-error @below {{sgd: momentum must be between 0 and 1, not 1.5}}
"test.attribute"() {a = #nn.sgd<momentum = 1.5>} : () -> ()

// -----

// expected-error @below {{sgd: nesterov takes a momentum above 0}}
"test.attribute"() {a = #nn.sgd<nesterov = true>} : () -> ()

// -----

// expected-error @below {{adam: beta_1 must be at least 0 and below 1, not 1.0}}
"test.attribute"() {a = #nn.adam<beta_1 = 1.0>} : () -> ()

// -----

// expected-error @below {{adam: beta_2 must be at least 0 and below 1, not -0.1}}
"test.attribute"() {a = #nn.adam<beta_2 = -0.1>} : () -> ()

// -----

// expected-error @below {{adam: epsilon must be finite in f32 and above 0, not 0.0}}
"test.attribute"() {a = #nn.adam<epsilon = 0.0>} : () -> ()

// -----

// expected-error @below {{adamw: lr must be finite in f32 and not negative, not -1.0}}
"test.attribute"() {a = #nn.adamw<lr = -1.0>} : () -> ()

// -----

// expected-error @below {{adamw: weight_decay must be finite in f32 and not negative, not -0.004}}
"test.attribute"() {a = #nn.adamw<weight_decay = -0.004>} : () -> ()

// -----

// expected-error @below {{rmsprop: rho must be at least 0 and below 1, not 1.0}}
"test.attribute"() {a = #nn.rmsprop<rho = 1.0>} : () -> ()

// -----

// expected-error @below {{rmsprop: momentum must be between 0 and 1, not -1.0}}
"test.attribute"() {a = #nn.rmsprop<momentum = -1.0>} : () -> ()

// -----

// expected-error @below {{rmsprop: epsilon must be finite in f32 and above 0, not 0.0}}
"test.attribute"() {a = #nn.rmsprop<epsilon = 0.0>} : () -> ()

// -----

// expected-error @below {{adagrad: initial_accumulator_value must be finite in f32 and not negative, not -0.1}}
"test.attribute"() {a = #nn.adagrad<initial_accumulator_value = -0.1>} : () -> ()

// -----

// expected-error @below {{adagrad: epsilon must be finite in f32 and above 0, not 0.0}}
"test.attribute"() {a = #nn.adagrad<epsilon = 0.0>} : () -> ()

// -----

// expected-error @below {{sgd: clipvalue must be finite in f32 and above 0, not 0.0}}
"test.attribute"() {a = #nn.sgd<clipvalue = 0.0>} : () -> ()

// -----

// What f32 cannot hold is 0 in it.
// expected-error @below {{adam: clipnorm must be finite in f32 and above 0, not 1.0e-60}}
"test.attribute"() {a = #nn.adam<clipnorm = 1.0e-60>} : () -> ()

// -----

// expected-error @below {{adagrad: takes one of clipvalue, clipnorm and global_clipnorm, not clipnorm and global_clipnorm together}}
"test.attribute"() {a = #nn.adagrad<clipnorm = 1.0, global_clipnorm = 1.0>} : () -> ()

// -----

// expected-error @below {{expected a number, not "much"}}
"test.attribute"() {a = #nn.sgd<clipvalue = "much">} : () -> ()

// -----

// expected-error @below {{expected a number or a schedule such as #nn.cosine_decay<initial_learning_rate = 1.0e-3, decay_steps = 1000>, not #nn.zeros}}
"test.attribute"() {a = #nn.sgd<lr = #nn.zeros>} : () -> ()

// -----

// One error for a schedule inside, too.
// expected-error @below {{expected integer value}}
"test.attribute"() {a = #nn.sgd<lr = #nn.cosine_decay<initial_learning_rate = 0.1, decay_steps = soon>>} : () -> ()

// -----

// expected-error @below {{cosine_decay: decay_steps must be above 0, not 0}}
"test.attribute"() {a = #nn.sgd<lr = #nn.cosine_decay<initial_learning_rate = 0.1, decay_steps = 0>>} : () -> ()

// -----

// expected-error @below {{there is no #nn.adan; did you mean adam?}}
"test.attribute"() {a = #nn.adan<lr = 1.0e-3>} : () -> ()

// -----

// expected-error @below {{there is no #nn.lion; known: adagrad, adam, adamw, constant, cosine_decay, }}
"test.attribute"() {a = #nn.lion<lr = 1.0e-3>} : () -> ()
