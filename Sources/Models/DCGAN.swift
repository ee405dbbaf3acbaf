import MartletLayers

/// Pictures from noise, and the judge that tells them from real ones (Radford, Metz, Chintala 2016, *Unsupervised
/// representation learning with deep convolutional generative adversarial networks*), in the size of TensorFlow's
/// example: two steps of size from a quarter of the picture. 1,059,138 parameters for 28x28x1, 1,263,300 for 32x32x3.
///
/// - Parameter picture: height, width and channels; height and width divide by 4.
public func dcgan(picture: Shape) -> AdversarialNetwork {
  AdversarialNetwork(
    generator: dcganGenerator(picture: picture), discriminator: dcganDiscriminator(), latentSize: 100)
}

/// Noise (N, latent size) to pictures in -1 ... 1.
public func dcganGenerator(picture: Shape) -> Sequential {
  precondition(
    picture.rank == 3 && picture[0] % 4 == 0 && picture[1] % 4 == 0,
    "pictures are (H, W, C) with H and W that divide by 4; received \(picture)")
  let (height, width) = (picture[0] / 4, picture[1] / 4)
  return Sequential {
    Dense(height * width * 128, useBias: false)
    BatchNormalization()
    LeakyReLU(negativeSlope: 0.2)
    Reshape([height, width, 128])
    Conv2DTranspose(64, kernelSize: 5, strides: 2, padding: .same, useBias: false)
    BatchNormalization()
    LeakyReLU(negativeSlope: 0.2)
    Conv2DTranspose(picture[2], kernelSize: 5, strides: 2, padding: .same, activation: .tanh)
  }
}

/// Pictures to one logit each: positive where they are taken for real.
public func dcganDiscriminator() -> Sequential {
  Sequential {
    Conv2D(64, kernelSize: 5, strides: 2, padding: .same)
    LeakyReLU(negativeSlope: 0.2)
    Conv2D(128, kernelSize: 5, strides: 2, padding: .same)
    LeakyReLU(negativeSlope: 0.2)
    Flatten()
    Dense(1)
  }
}
