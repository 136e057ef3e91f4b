// RUN: nnc-opt --nn-check-buffers --split-input-file --verify-diagnostics %s

// Two buffers that take turns have no fixed offset.
func.func @rotates(%y: memref<4xf32> {nn.output = "y"}) attributes {nn.entry = "predict"} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %a = memref.alloc() : memref<4xf32>
  %b = memref.alloc() : memref<4xf32>
  // expected-error@+1 {{carries a value (argument 0) that it does not update in place: its buffers would take turns}}
  %r:2 = scf.for %t = %c0 to %c8 step %c1 iter_args(%h = %a, %n = %b) -> (memref<4xf32>, memref<4xf32>) {
    linalg.exp ins(%h : memref<4xf32>) outs(%n : memref<4xf32>)
    scf.yield %n, %h : memref<4xf32>, memref<4xf32>
  }
  return
}

// -----

func.func @fresh(%y: memref<4xf32> {nn.output = "y"}) attributes {nn.entry = "predict"} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %a = memref.alloc() : memref<4xf32>
  // expected-error@+1 {{carries a value (argument 0) that it does not update in place}}
  %r = scf.for %t = %c0 to %c8 step %c1 iter_args(%h = %a) -> (memref<4xf32>) {
    %n = memref.alloc() : memref<4xf32>
    linalg.exp ins(%h : memref<4xf32>) outs(%n : memref<4xf32>)
    scf.yield %n : memref<4xf32>
  }
  return
}

// -----

func.func @unknown_size(%n: memref<index> {nn.input = "n"}) attributes {nn.entry = "predict"} {
  %size = memref.load %n[] : memref<index>
  // expected-error@+1 {{makes a buffer 'memref<?xf32>' whose size is not known at compile time}}
  %a = memref.alloc(%size) : memref<?xf32>
  return
}

// -----

func.func @escapes() -> memref<4xf32> attributes {nn.entry = "predict"} {
  %a = memref.alloc() : memref<4xf32>
  // expected-error@+1 {{lets a buffer escape from its entry point}}
  return %a : memref<4xf32>
}

// -----

func.func private @elsewhere(memref<4xf32>)
func.func @passed_on() attributes {nn.entry = "predict"} {
  %a = memref.alloc() : memref<4xf32>
  // expected-error@+1 {{lets a buffer escape from its entry point}}
  call @elsewhere(%a) : (memref<4xf32>) -> ()
  return
}

// -----

func.func @either(%c: memref<i1> {nn.input = "c"}) attributes {nn.entry = "predict"} {
  %a = memref.alloc() : memref<4xf32>
  %b = memref.alloc() : memref<4xf32>
  %which = memref.load %c[] : memref<i1>
  // expected-error@+1 {{makes a buffer that cannot be traced to an allocation}}
  %d = arith.select %which, %a, %b : memref<4xf32>
  return
}

// -----

memref.global "private" @state : memref<4xf32> = dense<0.0>
func.func @global() attributes {nn.entry = "predict"} {
  // expected-error@+1 {{reads memory outside the arena that is not constant}}
  %a = memref.get_global @state : memref<4xf32>
  return
}

// -----

// The new kernel is computed before the old one's last use: only a copy makes that right.
func.func @early_update(%w: memref<4xf32> {nn.variable = @classifier.dense.kernel},
                        %x: memref<4xf32> {nn.output = "dx"}) attributes {nn.entry = "train"} {
  %new = memref.alloc() : memref<4xf32>
  // expected-error@+1 {{the new value of 'classifier.dense.kernel' is computed before the last use of its old value, which costs a copy of it}}
  linalg.exp ins(%w : memref<4xf32>) outs(%new : memref<4xf32>)
  // expected-note@+1 {{the old value is still used here}}
  linalg.mul ins(%w, %w : memref<4xf32>, memref<4xf32>) outs(%x : memref<4xf32>)
  memref.copy %new, %w : memref<4xf32> to memref<4xf32>
  return
}

// -----

// A sequence that a loop reads and writes at once is copied in every turn.
func.func @whole_sequence(%s: memref<8x4xf32> {nn.output = "s"}) attributes {nn.entry = "predict"} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %a = memref.alloc() : memref<8x4xf32>
  scf.for %t = %c0 to %c8 step %c1 {
    %b = memref.alloc() : memref<8x4xf32>
    // expected-error@+1 {{copies a whole 'memref<8x4xf32>' in every turn of a loop}}
    memref.copy %a, %b : memref<8x4xf32> to memref<8x4xf32>
  }
  return
}

// -----

func.func @input(%x: memref<4xf32> {nn.input = "x"}, %y: memref<4xf32> {nn.input = "y"})
    attributes {nn.entry = "predict"} {
  // expected-error@+1 {{writes into an input}}
  memref.copy %x, %y : memref<4xf32> to memref<4xf32>
  return
}

// -----

// Two products that were given one fill as their destination.
func.func @fit.train(%m: memref<4x4xf32> {nn.input = "m"}, %x: memref<4xf32> {nn.input = "x"},
                     %y: memref<4xf32> {nn.output = "y"}) attributes {nn.entry = "train"} {
  %zero = arith.constant 0.0 : f32
  %a = memref.alloc() : memref<4xf32>
  linalg.fill ins(%zero : f32) outs(%a : memref<4xf32>)
  %b = memref.alloc() : memref<4xf32>
  // expected-error @below {{copies a value that costs no more to make again: several ops were given one destination}}
  memref.copy %a, %b : memref<4xf32> to memref<4xf32>
  linalg.matvec ins(%m, %x : memref<4x4xf32>, memref<4xf32>) outs(%b : memref<4xf32>)
  linalg.matvec ins(%m, %b : memref<4x4xf32>, memref<4xf32>) outs(%a : memref<4xf32>)
  memref.copy %a, %y : memref<4xf32> to memref<4xf32>
  return
}
