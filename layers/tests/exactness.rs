//! A stride that breaks exactness on the size that a map turns out to have is said once. A test of its own, because the log
//! belongs to the process.

#![cfg(feature = "flex")]

use std::sync::Mutex;

use burn::prelude::*;
use gcnn_layers::{Group, GroupConv2dConfig, LiftingConv2dConfig, SpatialMaxPool2dConfig};

struct Heard(Mutex<Vec<String>>);

static HEARD: Heard = Heard(Mutex::new(Vec::new()));

impl log::Log for Heard {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        if record.target().starts_with("gcnn_layers") {
            let sentence = format!("{} {}", record.level(), record.args());
            self.0.lock().expect("one thread").push(sentence);
        }
    }

    fn flush(&self) {}
}

fn heard() -> Vec<String> {
    std::mem::take(&mut HEARD.0.lock().expect("one thread"))
}

#[test]
fn sizes_that_break_exactness_are_reported_once() {
    log::set_logger(&HEARD).expect("the only logger");
    log::set_max_level(log::LevelFilter::Warn);
    let device = Device::flex();
    let group = |name: &str| name.parse::<Group>().expect("a group");

    let lift = LiftingConv2dConfig::new(group("C4"), [1, 2], 3).with_stride(2);
    let lift = lift.init(&device);
    let image = |size| Tensor::<4>::ones([1, 1, size, size], &device);
    lift.forward(image(9));
    assert_eq!(heard(), Vec::<String>::new());
    lift.forward(image(10));
    let said = heard();
    let [sentence] = &said[..] else {
        panic!("{said:?}")
    };
    for part in ["WARN", "LiftingConv2d", "10", "9 or 11 pixels"] {
        assert!(sentence.contains(part), "{part}: {sentence}");
    }
    lift.forward(image(10));
    assert_eq!(heard(), Vec::<String>::new());

    let conv = GroupConv2dConfig::new(group("D4"), [2, 2], 3).with_stride(2);
    conv.init(&device)
        .forward(Tensor::ones([1, 2, 8, 12, 12], &device));
    assert!(heard()[0].contains("GroupConv2d"));

    let pool = SpatialMaxPool2dConfig::new(2).init();
    pool.forward(Tensor::<5>::ones([1, 2, 4, 7, 7], &device));
    assert!(heard()[0].contains("SpatialMaxPool2d"));

    // Nothing turns, so nothing breaks.
    let plain = LiftingConv2dConfig::new(group("trivial"), [1, 2], 3).with_stride(2);
    let map = plain.init(&device).forward(image(10));
    SpatialMaxPool2dConfig::new(3).init().forward(map);
    assert_eq!(heard(), Vec::<String>::new());
}
