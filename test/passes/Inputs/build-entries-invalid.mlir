// expected-error @below {{model @a calls itself: @a -> @b -> @a}}
nn.model @a(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %y = nn.call @b(%x) : tensor<?x4xf32>
  nn.return %y
}
nn.model @b(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %y = nn.call @a(%x) : tensor<?x4xf32>
  nn.return %y
}

// -----

nn.variable @frozen : tensor<4x4xf32>
nn.step @fit(%x: tensor<?x4xf32>, %y: tensor<?x4xf32>) {
  %loss = nn.mean_squared_error %x, %y
  // expected-error @below {{'nn.minimize' op updates nothing: its targets have no trainable parameters}}
  nn.minimize %loss over [@frozen] with #nn.sgd
}

// -----

nn.variable @w : tensor<4x4xf32> {trainable}
nn.step @fit(%x: tensor<?x4xf32>, %y: tensor<?x4xf32>) {
  %loss = nn.mean_squared_error %x, %y
  nn.minimize %loss over [@w] with #nn.sgd
  // expected-error @below {{'nn.minimize' op updates @w, which another nn.minimize of this step updates too}}
  nn.minimize %loss over [@w] with #nn.sgd
}
