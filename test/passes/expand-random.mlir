// nn.philox is Philox 4x32-10: constant folding of its expansion gives the known answers published with Random123.
// RUN: nnc-opt %s --nn-expand-random --canonicalize | FileCheck %s

// Known answers are hexadecimal there; as signed words:
// 6627e8d5 e169c58d bc57ac4c 9b00dbd8
// CHECK-LABEL: @zeros
// CHECK-NOT: nn.philox
// CHECK-DAG: %[[R0:.*]] = arith.constant 1713891541 : i32
// CHECK-DAG: %[[R1:.*]] = arith.constant -513161843 : i32
// CHECK-DAG: %[[R2:.*]] = arith.constant -1135104948 : i32
// CHECK-DAG: %[[R3:.*]] = arith.constant -1694442536 : i32
// CHECK: return %[[R0]], %[[R1]], %[[R2]], %[[R3]]
func.func @zeros() -> (i32, i32, i32, i32) {
  %0 = arith.constant 0 : i64
  %w:4 = nn.philox %0, [%0, %0, %0, %0]
  return %w#0, %w#1, %w#2, %w#3 : i32, i32, i32, i32
}

// 408f276d 41c83b0e a20bc7c6 6d5451fd
// CHECK-LABEL: @ones
// CHECK-DAG: %[[R0:.*]] = arith.constant 1083123565 : i32
// CHECK-DAG: %[[R1:.*]] = arith.constant 1103641358 : i32
// CHECK-DAG: %[[R2:.*]] = arith.constant -1576286266 : i32
// CHECK-DAG: %[[R3:.*]] = arith.constant 1834242557 : i32
// CHECK: return %[[R0]], %[[R1]], %[[R2]], %[[R3]]
func.func @ones() -> (i32, i32, i32, i32) {
  %ones = arith.constant -1 : i64
  %w:4 = nn.philox %ones, [%ones, %ones, %ones, %ones]
  return %w#0, %w#1, %w#2, %w#3 : i32, i32, i32, i32
}

// The digits of pi: d16cfe09 94fdcceb 5001e420 24126ea1
// CHECK-LABEL: @digits_of_pi
// CHECK-DAG: %[[R0:.*]] = arith.constant -781386231 : i32
// CHECK-DAG: %[[R1:.*]] = arith.constant -1795306261 : i32
// CHECK-DAG: %[[R2:.*]] = arith.constant 1342301216 : i32
// CHECK-DAG: %[[R3:.*]] = arith.constant 605187745 : i32
// CHECK: return %[[R0]], %[[R1]], %[[R2]], %[[R3]]
func.func @digits_of_pi() -> (i32, i32, i32, i32) {
  %seed = arith.constant 0x299f31d0a4093822 : i64
  %c0 = arith.constant 0x243f6a88 : i64
  %c1 = arith.constant 0x85a308d3 : i64
  %c2 = arith.constant 0x13198a2e : i64
  %c3 = arith.constant 0x03707344 : i64
  %w:4 = nn.philox %seed, [%c0, %c1, %c2, %c3]
  return %w#0, %w#1, %w#2, %w#3 : i32, i32, i32, i32
}
