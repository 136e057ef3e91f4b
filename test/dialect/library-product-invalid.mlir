// RUN: nnc-opt %s --split-input-file --verify-diagnostics

func.func @rank(%a: memref<8x8xf32>, %d: memref<1x8x8xf32>, %w: memref<64xi8>) {
  // expected-error @+1 {{got 'a' 'memref<8x8xf32>', takes three dimensions of known extents, strides and offset, of f32 or f64 as all of its matrices}}
  nn.library_product %a, %d into %d workspace %w : memref<8x8xf32>, memref<1x8x8xf32>, memref<1x8x8xf32>, memref<64xi8>
  return
}

// -----

func.func @dynamic(%a: memref<1x?x8xf32>, %d: memref<1x8x8xf32>, %w: memref<64xi8>) {
  // expected-error @+1 {{got 'a' 'memref<1x?x8xf32>', takes three dimensions of known extents}}
  nn.library_product %a, %d into %d workspace %w : memref<1x?x8xf32>, memref<1x8x8xf32>, memref<1x8x8xf32>, memref<64xi8>
  return
}

// -----

func.func @offset(%a: memref<1x8x8xf32, strided<[64, 8, 1], offset: ?>>, %d: memref<1x8x8xf32>, %w: memref<64xi8>) {
  // expected-error @+1 {{takes three dimensions of known extents, strides and offset}}
  nn.library_product %d, %a into %d workspace %w
      : memref<1x8x8xf32>, memref<1x8x8xf32, strided<[64, 8, 1], offset: ?>>, memref<1x8x8xf32>, memref<64xi8>
  return
}

// -----

func.func @element(%a: memref<1x8x8xf64>, %d: memref<1x8x8xf32>, %w: memref<64xi8>) {
  // expected-error @+1 {{got 'b' 'memref<1x8x8xf64>'}}
  nn.library_product %d, %a into %d workspace %w : memref<1x8x8xf32>, memref<1x8x8xf64>, memref<1x8x8xf32>, memref<64xi8>
  return
}

// -----

func.func @apart(%a: memref<1x8x8xf32, strided<[128, 16, 2]>>, %d: memref<1x8x8xf32>, %w: memref<64xi8>) {
  // expected-error @+1 {{takes elements that lie side by side along rows or columns}}
  nn.library_product %a, %d into %d workspace %w
      : memref<1x8x8xf32, strided<[128, 16, 2]>>, memref<1x8x8xf32>, memref<1x8x8xf32>, memref<64xi8>
  return
}

// -----

func.func @transposed(%a: memref<1x8x8xf32>, %d: memref<1x8x8xf32, strided<[64, 1, 8]>>, %w: memref<64xi8>) {
  // expected-error @+1 {{got 'd' 'memref<1x8x8xf32, strided<[64, 1, 8]>>', takes elements that lie side by side along its columns}}
  nn.library_product %a, %a into %d workspace %w
      : memref<1x8x8xf32>, memref<1x8x8xf32>, memref<1x8x8xf32, strided<[64, 1, 8]>>, memref<64xi8>
  return
}

// -----

func.func @shapes(%a: memref<1x8x16xf32>, %d: memref<1x8x8xf32>, %w: memref<64xi8>) {
  // expected-error @+1 {{got 'memref<1x8x16xf32>' times 'memref<1x8x8xf32>' into 'memref<1x8x8xf32>', takes [batches, rows, terms] times [batches, terms, columns] into [batches, rows, columns]}}
  nn.library_product %a, %d into %d workspace %w : memref<1x8x16xf32>, memref<1x8x8xf32>, memref<1x8x8xf32>, memref<64xi8>
  return
}

// -----

func.func @bias(%d: memref<1x8x8xf32>, %w: memref<64xi8>, %bias: memref<16xf32>) {
  // expected-error @+1 {{got a bias 'memref<16xf32>' for 'memref<1x8x8xf32>', takes an element a column, side by side}}
  nn.library_product %d, %d into %d workspace %w bias(%bias)
      : memref<1x8x8xf32>, memref<1x8x8xf32>, memref<1x8x8xf32>, memref<64xi8>, memref<16xf32>
  return
}

// -----

func.func @biases(%d: memref<1x8x8xf32>, %w: memref<64xi8>, %bias: memref<8xf32>) {
  // expected-error @+1 {{takes one bias, not 2}}
  nn.library_product %d, %d into %d workspace %w bias(%bias, %bias)
      : memref<1x8x8xf32>, memref<1x8x8xf32>, memref<1x8x8xf32>, memref<64xi8>, memref<8xf32>, memref<8xf32>
  return
}

// -----

func.func @workspace(%d: memref<1x8x8xf32>, %w: memref<64xf32>) {
  // expected-error @+1 {{got a workspace 'memref<64xf32>', takes bytes, so many i8}}
  nn.library_product %d, %d into %d workspace %w : memref<1x8x8xf32>, memref<1x8x8xf32>, memref<1x8x8xf32>, memref<64xf32>
  return
}

// -----

func.func @overlap(%a: memref<1x8x8xf32>, %d: memref<1x8x8xf32, strided<[64, 4, 1]>>, %w: memref<64xi8>) {
  // expected-error @+1 {{got 'd' 'memref<1x8x8xf32, strided<[64, 4, 1]>>', whose rows or columns overlap}}
  nn.library_product %a, %a into %d workspace %w
      : memref<1x8x8xf32>, memref<1x8x8xf32>, memref<1x8x8xf32, strided<[64, 4, 1]>>, memref<64xi8>
  return
}
