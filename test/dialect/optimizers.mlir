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

// -----

// A learning rate of 0 freezes; a negative one would climb.
"test.attribute"() {a = #nn.sgd<lr = 0.0>} : () -> ()
// expected-error @below {{sgd: lr must be finite in f32 and not negative, not -1.000000e+00}}
"test.attribute"() {a = #nn.sgd<lr = -1.0>} : () -> ()

// -----

// expected-error @below {{sgd: momentum must be between 0 and 1, not 1.500000e+00}}
"test.attribute"() {a = #nn.sgd<momentum = 1.5>} : () -> ()

// -----

// expected-error @below {{sgd: nesterov takes a momentum above 0}}
"test.attribute"() {a = #nn.sgd<nesterov = true>} : () -> ()

// -----

// expected-error @below {{adam: beta_1 must be at least 0 and below 1, not 1.000000e+00}}
"test.attribute"() {a = #nn.adam<beta_1 = 1.0>} : () -> ()

// -----

// expected-error @below {{adam: beta_2 must be at least 0 and below 1, not -1.000000e-01}}
"test.attribute"() {a = #nn.adam<beta_2 = -0.1>} : () -> ()

// -----

// expected-error @below {{adam: epsilon must be finite in f32 and above 0, not 0.000000e+00}}
"test.attribute"() {a = #nn.adam<epsilon = 0.0>} : () -> ()

// -----

// expected-error @below {{adamw: lr must be finite in f32 and not negative, not -1.000000e+00}}
"test.attribute"() {a = #nn.adamw<lr = -1.0>} : () -> ()

// -----

// expected-error @below {{adamw: weight_decay must be finite in f32 and not negative, not -4.000000e-03}}
"test.attribute"() {a = #nn.adamw<weight_decay = -0.004>} : () -> ()
