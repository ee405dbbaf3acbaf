"""Martlet's networks in Keras: the same layers with the same sizes."""
import keras
from keras import layers as L


def normalized(x, filters, kernel, strides=1):
    return L.BatchNormalization()(L.Conv2D(filters, kernel, strides, padding="same", use_bias=False)(x))


def convolution(filters, kernel, strides=1, padding="same"):
    return L.Conv2D(filters, kernel, strides, padding=padding, activation="relu")


def seedcnn(shape, classes):
    return keras.Sequential([
        L.Input(shape[1:]), convolution(32, 3, padding="valid"), L.MaxPool2D(2), convolution(64, 3, padding="valid"),
        L.MaxPool2D(2), L.Flatten(), L.Dense(1024, activation="relu"), L.Dense(classes)])


def resnet20(shape, classes):
    images = L.Input(shape[1:])
    y = L.ReLU()(normalized(images, 16, 3))
    for filters in (16, 32, 64):
        for block in range(3):
            changes = block == 0 and filters != 16
            strides = 2 if changes else 1
            z = normalized(L.ReLU()(normalized(y, filters, 3, strides)), filters, 3)
            shortcut = L.Conv2D(filters, 1, strides, use_bias=False)(y) if changes else y
            y = L.ReLU()(L.Add()([z, shortcut]))
    return keras.Model(images, L.Dense(classes)(L.GlobalAveragePooling2D()(y)))


def resnet50(shape, classes):
    images = L.Input(shape[1:])
    y = L.MaxPool2D(3, 2, padding="same")(L.ReLU()(normalized(images, 64, 7, 2)))
    for stage, (width, blocks) in enumerate(((64, 3), (128, 4), (256, 6), (512, 3))):
        for block in range(blocks):
            strides = 2 if stage > 0 and block == 0 else 1
            z = L.ReLU()(normalized(L.ReLU()(normalized(y, width, 1)), width, 3, strides))
            shortcut = normalized(y, 4 * width, 1, strides) if block == 0 else y
            y = L.ReLU()(L.Add()([normalized(z, 4 * width, 1), shortcut]))
    return keras.Model(images, L.Dense(classes)(L.GlobalAveragePooling2D()(y)))


def unet(shape, classes, widths=(16, 32, 64, 128)):
    twice = lambda x, filters: convolution(filters, 3)(convolution(filters, 3)(x))
    images = y = L.Input(shape[1:])
    seen = []
    for width in widths[:-1]:
        y = twice(y, width)
        seen.append(y)
        y = L.MaxPool2D(2)(y)
    y = twice(y, widths[-1])
    for width in widths[-2::-1]:
        y = twice(L.Concatenate()([L.Conv2DTranspose(width, 2, 2)(y), seen.pop()]), width)
    return keras.Model(images, L.Conv2D(classes, 1)(y))


def fcn8s(shape, classes, widths=(16, 32, 64, 128, 128), units=256):
    images = y = L.Input(shape[1:])
    features = []
    for width in widths:
        y = L.MaxPool2D(2)(convolution(width, 3)(convolution(width, 3)(y)))
        features.append(y)
    enlarge = lambda x, by: L.Conv2DTranspose(classes, 2 * by, by, padding="same", use_bias=False)(x)
    y = L.Conv2D(classes, 1)(convolution(units, 1)(convolution(units, 3)(y)))
    for finer in features[-2:-4:-1]:
        y = L.Add()([enlarge(y, 2), L.Conv2D(classes, 1)(finer)])
    return keras.Model(images, enlarge(y, 8))


def alexnet(shape, classes):
    return keras.Sequential([
        L.Input(shape[1:]), convolution(96, 11, 4, "valid"), L.MaxPool2D(3, 2), convolution(256, 5), L.MaxPool2D(3, 2),
        convolution(384, 3), convolution(384, 3), convolution(256, 3), L.MaxPool2D(3, 2), L.Flatten(),
        L.Dense(4096, activation="relu"), L.Dropout(0.5), L.Dense(4096, activation="relu"), L.Dropout(0.5),
        L.Dense(classes)])


def inception3a(shape, classes=None):
    x = L.Input(shape[1:])
    return keras.Model(x, L.Concatenate()([
        convolution(64, 1)(x), convolution(128, 3)(convolution(96, 1)(x)), convolution(32, 5)(convolution(16, 1)(x)),
        convolution(32, 1)(L.MaxPool2D(3, 1, padding="same")(x))]))


def generator(shape):
    side, channels = shape[1] // 4, shape[-1]
    return keras.Sequential([
        L.Input((100,)), L.Dense(side * side * 128, use_bias=False), L.BatchNormalization(), L.LeakyReLU(0.2),
        L.Reshape((side, side, 128)), L.Conv2DTranspose(64, 5, 2, padding="same", use_bias=False), L.BatchNormalization(),
        L.LeakyReLU(0.2), L.Conv2DTranspose(channels, 5, 2, padding="same", activation="tanh")])


def discriminator(shape):
    return keras.Sequential([
        L.Input(shape[1:]), L.Conv2D(64, 5, 2, padding="same"), L.LeakyReLU(0.2), L.Conv2D(128, 5, 2, padding="same"),
        L.LeakyReLU(0.2), L.Flatten(), L.Dense(1)])


NETWORKS = dict(seedcnn=seedcnn, resnet20=resnet20, resnet50=resnet50, unet=unet, fcn8s=fcn8s, alexnet=alexnet,
                inception3a=inception3a)
