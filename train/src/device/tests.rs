use super::*;

#[test]
fn names_are_read_and_printed() {
    for name in [
        "auto",
        "flex",
        "ndarray",
        "wgpu",
        "wgpu:cpu",
        "vulkan",
        "vulkan:1",
        "cuda:2",
        "remote:gpu.example.org:3000",
        "remote:[::1]:3000/2",
    ] {
        let parsed = DeviceName::parse(name).expect("a valid name");
        assert_eq!(parsed.to_string(), name);
    }
    assert_eq!(DeviceName::parse("CUDA").ok(), Some(DeviceName::Cuda(0)));
    let error = DeviceName::parse("gpu")
        .expect_err("not a name")
        .to_string();
    assert!(
        error.contains("`gpu`") && error.contains("vulkan"),
        "{error}"
    );
    for wrong in [
        "cuda:x",
        "flex:1",
        "remote",
        "remote:gpu",
        "remote::3000",
        "remote:gpu:99999",
        "remote:gpu:1/x",
    ] {
        assert!(DeviceName::parse(wrong).is_err(), "{wrong}");
    }
}

#[test]
#[cfg(not(feature = "cuda"))]
fn a_missing_backend_names_its_feature() {
    let error = DeviceName::Cuda(0)
        .open()
        .expect_err("not compiled")
        .to_string();
    assert!(error.contains("--features cuda"), "{error}");
}

#[test]
fn a_panicking_driver_becomes_an_error() {
    let result = probe(&DeviceName::Cuda(0), "install it", || {
        panic!("no libcuda.so")
    });
    let error = result.expect_err("panicked").to_string();
    assert!(
        error.contains("no libcuda.so") && error.contains("install it"),
        "{error}"
    );
}

#[test]
#[cfg(feature = "flex")]
fn auto_finds_a_device() {
    assert!(DeviceName::Auto.open().is_ok());
}
