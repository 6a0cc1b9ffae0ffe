// The files of this folder by name. Written by `gcnn zoo add`.
&[
    ("nbody-egnn", include_bytes!("nbody-egnn.safetensors")),
    ("nbody-segnn", include_bytes!("nbody-segnn.safetensors")),
    ("nuclei-c4", include_bytes!("nuclei-c4.safetensors")),
    ("nuclei-c8", include_bytes!("nuclei-c8.safetensors")),
    ("nuclei-d4", include_bytes!("nuclei-d4.safetensors")),
    ("nuclei-z2", include_bytes!("nuclei-z2.safetensors")),
    ("rotmnist-best", include_bytes!("rotmnist-best.safetensors")),
    ("rotmnist-p4cnn", include_bytes!("rotmnist-p4cnn.safetensors")),
    ("rotmnist-z2cnn", include_bytes!("rotmnist-z2cnn.safetensors")),
    ("scaledmnist-best", include_bytes!("scaledmnist-best.safetensors")),
    ("spokendigits-wavelet", include_bytes!("spokendigits-wavelet.safetensors")),
]
