// Regularisers: how they are written, and what they refuse.
// RUN: nnc-opt %s --allow-unregistered-dialect --split-input-file --verify-diagnostics | FileCheck %s

// CHECK: #nn.l1,
// CHECK-SAME: #nn.l1<1.0e-04>
// CHECK-SAME: #nn.l2,
// CHECK-SAME: #nn.l2<0.5>
"test.attribute"() {a = #nn.l1, b = #nn.l1<1.0e-4>, c = #nn.l2, d = #nn.l2<0.5>} : () -> ()

// -----

// expected-error @below {{a regularizer's factor must be finite in f32 and not negative, not -0.01}}
"test.attribute"() {a = #nn.l1<-0.01>} : () -> ()

// -----

// expected-error @below {{a regularizer's factor must be finite in f32 and not negative, not -1.0}}
"test.attribute"() {a = #nn.l2<-1.0>} : () -> ()

// -----

// expected-error @below {{expected a number, not "small"}}
"test.attribute"() {a = #nn.l2<"small">} : () -> ()

// -----

// expected-error @below {{a regularizer's factor must be finite in f32 and not negative, not 1.0e+300}}
"test.attribute"() {a = #nn.l2<1.0e300>} : () -> ()
