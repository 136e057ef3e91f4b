// A model file reads in, prints, and reads in again.
// RUN: nnc-opt %s | nnc-opt | FileCheck %s

// CHECK: nn.model @classifier(%image: tensor<?x784xf32>) -> tensor<?x10xf32> {
// CHECK:   %[[H:.*]] = nn.dense %image {{.*}}activation = relu{{.*}}units = 512
// CHECK:   %[[Y:.*]] = nn.dense %[[H]] {{.*}}units = 10
// CHECK:   nn.return %[[Y]]
nn.model @classifier(%image: tensor<?x784xf32>) -> tensor<?x10xf32> {
  %h = nn.dense %image {units = 512, activation = relu}
  %y = nn.dense %h {units = 10}
  nn.return %y
}
