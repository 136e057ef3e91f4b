nn.variable @w : tensor<4x4xf32> {trainable}
// expected-error @below {{'nn.step' op has no loss whose targets are class numbers, which class weights are for}}
nn.step @fit(%x: tensor<?x4xf32>, %y: tensor<?x4xf32>) {
  %loss = nn.mean_squared_error %x, %y
  nn.minimize %loss over [@w] with #nn.sgd
}

// -----

nn.variable @w : tensor<4x4xf32> {trainable}
nn.step @fit(%x: tensor<?x3xf32>, %u: tensor<?x2xf32>, %y: tensor<?xi32>) {
  %first = nn.sparse_categorical_crossentropy %x, %y {from_logits}
  // expected-error @below {{takes class weights of type 'tensor<2xf32>', another loss of @fit takes 'tensor<3xf32>': one set of weights cannot serve both}}
  %second = nn.sparse_categorical_crossentropy %u, %y {from_logits}
  %loss = arith.addf %first, %second : tensor<f32>
  nn.minimize %loss over [@w] with #nn.sgd
}
