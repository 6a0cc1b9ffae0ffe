//! Layers on the plane and on the group.

use burn::prelude::*;
use gcnn_layers::kernel::{BSplineConfig, Support};
use gcnn_layers::{
    DropoutUnit, FieldBatchNormConfig, FieldDropoutConfig, GlobalPool2dConfig, GlobalPoolKind,
    Group, GroupConv2dConfig, IsotropicConv2dConfig, KernelConfig, LiftingConv2dConfig, Padding2d,
    ProjectionConfig, ProjectionKind, SpatialAvgPool2dConfig, SpatialMaxPool2dConfig,
};
use rstest::rstest;

use crate::support::{Observed, build, compare, noise, observe, others, reference};

fn group(name: &str) -> Group {
    name.parse().expect("a group")
}

fn splines(support: Support) -> KernelConfig {
    KernelConfig::b_spline(BSplineConfig {
        support,
        ..Default::default()
    })
}

#[rstest]
fn lifting_convolution(
    #[values("trivial", "C4", "D4", "C8")] name: &str,
    #[values(
        KernelConfig::pixel(),
        splines(Support::Dense),
        splines(Support::Deformable)
    )]
    kernel: KernelConfig,
) {
    let config = LiftingConv2dConfig::new(group(name), [2, 3], 5).with_kernel(kernel);
    compare(|device| {
        let layer = build(device, |device| config.init(device));
        observe(&layer, noise([2, 2, 9, 9], 1, device), |x| layer.forward(x))
    });
}

#[rstest]
fn group_convolution(
    #[values("trivial", "C4", "D4", "C8")] name: &str,
    #[values(
        KernelConfig::pixel(),
        splines(Support::Dense),
        splines(Support::Deformable)
    )]
    kernel: KernelConfig,
) {
    let group = group(name);
    let order = group.order();
    let config = GroupConv2dConfig::new(group, [2, 3], 3).with_kernel(kernel);
    compare(|device| {
        let layer = build(device, |device| config.init(device));
        let input = noise([2, 2, order, 7, 7], 1, device);
        observe(&layer, input, |x| layer.forward(x))
    });
}

#[rstest]
#[case::stride(2, 1, Padding2d::None)]
#[case::dilation(1, 2, Padding2d::None)]
#[case::same(1, 1, Padding2d::Same)]
#[case::all(2, 2, Padding2d::Same)]
fn windows(#[case] stride: usize, #[case] dilation: usize, #[case] padding: Padding2d) {
    let config = GroupConv2dConfig::new(group("C4"), [2, 3], 3)
        .with_stride(stride)
        .with_dilation(dilation)
        .with_padding(padding);
    compare(|device| {
        let layer = build(device, |device| config.init(device));
        let input = noise([2, 2, 4, 9, 9], 1, device);
        observe(&layer, input, |x| layer.forward(x))
    });
}

#[rstest]
fn isotropic_convolution(#[values("C4", "D8")] name: &str) {
    let config = IsotropicConv2dConfig::new(group(name), [2, 3], 5);
    compare(|device| {
        let layer = build(device, |device| config.init(device));
        observe(&layer, noise([2, 2, 9, 9], 1, device), |x| layer.forward(x))
    });
}

#[test]
fn field_normalisation() {
    let config = FieldBatchNormConfig::new(3);
    let pool = SpatialMaxPool2dConfig::new(2).init();
    compare(|device| {
        let layer = build(device, |device| config.init(device));
        observe(&layer, noise([4, 3, 4, 6, 6], 1, device), |x| {
            layer.forward(x)
        })
    });
    compare(|device| {
        let layer = build(device, |device| config.init(device));
        observe(&layer, noise([4, 3, 4, 6, 6], 2, device), |x| {
            layer.forward_relu(x, None)
        })
    });
    compare(|device| {
        let layer = build(device, |device| config.init(device));
        let input = noise([4, 3, 4, 6, 6], 3, device);
        observe(&layer, input, |x| layer.forward_relu_pool(x, &pool))
    });
}

#[test]
fn field_normalisation_by_running_statistics() {
    let config = FieldBatchNormConfig::new(3);
    compare(|device| {
        let plain = device.clone().inner();
        let layer = build(&plain, |device| config.init(device));
        let output = layer.forward(noise([4, 3, 4, 6, 6], 1, &plain));
        Observed::default().with("the output", output)
    });
}

#[test]
fn pooling() {
    for kind in [ProjectionKind::Max, ProjectionKind::Mean] {
        let projection = ProjectionConfig::new().with_kind(kind).init();
        compare(|device| {
            let input = noise([2, 3, 8, 5, 5], 1, device);
            observe(&projection, input, |x| projection.forward(x))
        });
    }
    for kind in [
        GlobalPoolKind::Max,
        GlobalPoolKind::Mean,
        GlobalPoolKind::Centre,
    ] {
        let global = GlobalPool2dConfig::new().with_kind(kind).init();
        compare(|device| {
            let input = noise([2, 3, 8, 5, 5], 2, device);
            observe(&global, input, |x| global.forward(x))
        });
    }
    let (max, mean) = (
        SpatialMaxPool2dConfig::new(2).init(),
        SpatialAvgPool2dConfig::new(2).init(),
    );
    compare(|device| {
        let input = noise([2, 3, 4, 6, 6], 3, device);
        observe(&max, input, |x| max.forward(x))
    });
    compare(|device| {
        let input = noise([2, 3, 4, 6, 6], 4, device);
        observe(&mean, input, |x| mean.forward(x))
    });
}

/// Random streams differ between backends, so that what is dropped can't be compared, only how much and what becomes of
/// the rest.
#[test]
fn dropout() {
    let layer = FieldDropoutConfig::new(0.3)
        .with_unit(DropoutUnit::Value)
        .init();
    let devices = others().iter().map(|other| (other.name, other.device()));
    for (name, device) in devices.chain([("flex", reference())]) {
        let input = Tensor::<5>::ones([8, 10, 4, 8, 8], &device).require_grad();
        let output = layer.forward(input.clone());
        let gradient = input.grad(&output.clone().sum().backward());
        let values: Vec<f32> = output.inner().into_data().iter::<f32>().collect();
        let dropped = values.iter().filter(|value| **value == 0.0).count() as f64;
        let share = dropped / values.len() as f64;
        assert!((share - 0.3).abs() < 0.03, "{name} drops {share}");
        let kept = |value: &f32| *value == 0.0 || (value - 1.0 / 0.7).abs() < 1e-5;
        assert!(values.iter().all(kept), "{name}");
        // The output is linear in an input of ones: its gradient is the output itself.
        let gradient: Vec<f32> = gradient
            .expect("a gradient")
            .into_data()
            .iter::<f32>()
            .collect();
        assert_eq!(gradient, values, "{name}");
    }
}
