//! Devices to compare, networks with the same weights on all of them, and the comparison.

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, OnceLock, PoisonError};

use burn::module::{ModuleMapper, Param};
use burn::optim::GradientsParams;
use burn::prelude::*;
use gcnn_models::named::{self, VisitNamed};
use rand::{RngExt, SeedableRng, rngs::StdRng};

/// The largest difference, relative to the largest entry of an array.
pub const TOLERANCE: f64 = 1e-4;

/// Arrays whose entries are far smaller than those of the largest gradient hold its rounding errors and little else: a
/// bias in front of a batch normalisation has no gradient at all. Differences are relative to at least this part of it.
const NEGLIGIBLE: f64 = 1e-2;

/// A backend that is compared with flex.
pub struct Backend {
    /// Its cargo feature.
    pub name: &'static str,
    device: Device,
}

impl Backend {
    /// Its device, with gradients.
    pub fn device(&self) -> Device {
        self.device.clone().autodiff()
    }
}

/// What others are compared with, with gradients.
pub fn reference() -> Device {
    Device::flex().autodiff()
}

/// All backends but the reference that are compiled in and start here.
pub fn others() -> &'static [Backend] {
    static OTHERS: OnceLock<Vec<Backend>> = OnceLock::new();
    OTHERS.get_or_init(|| {
        let required = std::env::var("GCNN_REQUIRE_BACKENDS").unwrap_or_default();
        let mut backends = Vec::new();
        for (name, started) in start_all() {
            match started {
                Ok(device) => {
                    say(&format!("flex is compared with {name}"));
                    backends.push(Backend { name, device });
                }
                Err(reason) => {
                    let needed = required.split(',').any(|needed| needed.trim() == name);
                    assert!(!needed, "{name} is required and {reason}");
                    say(&format!("flex is not compared with {name}: it {reason}"));
                }
            }
        }
        backends
    })
}

/// Writes past the capture of a test's output.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

type Started = Result<Device, String>;

#[allow(unused_variables)] // `start` is for backends that are compiled in
fn start_all() -> Vec<(&'static str, Started)> {
    let start = |open: &dyn Fn() -> Started| -> Started {
        let sum = || -> Started {
            let device = open()?;
            let sum = Tensor::<1>::ones([4], &device).sum().into_scalar::<f32>();
            (sum == 4.0)
                .then_some(device)
                .ok_or(format!("takes 1 + 1 + 1 + 1 for {sum}"))
        };
        catch_unwind(AssertUnwindSafe(sum))
            .unwrap_or_else(|_| Err("does not start on this machine".into()))
    };
    #[allow(dead_code)]
    fn missing() -> Started {
        Err("is not compiled in".into())
    }
    #[cfg(feature = "ndarray")]
    #[allow(deprecated)] // compared as long as Burn has it
    let ndarray = start(&|| Ok(Device::ndarray()));
    #[cfg(not(feature = "ndarray"))]
    let ndarray = missing();
    #[cfg(feature = "wgpu")]
    let wgpu = start(&|| {
        let options = Device::wgpu_options();
        let started = options.init();
        started.map_err(|error| format!("does not start on this machine: {error}"))
    });
    #[cfg(not(feature = "wgpu"))]
    let wgpu = missing();
    #[cfg(feature = "vulkan")]
    let vulkan = start(&|| {
        let options = Device::wgpu_options().graphics_api(burn::tensor::wgpu::WgpuBackend::Vulkan);
        let started = options.init();
        started.map_err(|error| format!("does not start on this machine: {error}"))
    });
    #[cfg(not(feature = "vulkan"))]
    let vulkan = missing();
    #[cfg(feature = "cuda")]
    let cuda = start(&|| Ok(Device::cuda(0)));
    #[cfg(not(feature = "cuda"))]
    let cuda = missing();
    vec![
        ("ndarray", ndarray),
        ("wgpu", wgpu),
        ("vulkan", vulkan),
        ("cuda", cuda),
    ]
}

/// Values uniform in (−1, 1).
pub fn noise<const D: usize>(dims: [usize; D], seed: u64, device: &Device) -> Tensor<D> {
    let mut random = StdRng::seed_from_u64(seed);
    let values: Vec<f32> = (0..dims.iter().product())
        .map(|_| random.random_range(-1.0..1.0))
        .collect();
    Tensor::from_data(TensorData::new(values, dims), device)
}

/// A module on a device, with weights that are the same on all devices. They are drawn on the reference; what starts
/// constant, such as biases and running statistics, is moved a little, so that it is not neutral.
pub fn build<M: Module>(device: &Device, init: impl Fn(&Device) -> M) -> M {
    // The random stream of a device belongs to the process: one module is drawn at a time.
    static DRAWING: Mutex<()> = Mutex::new(());
    let _guard = DRAWING.lock().unwrap_or_else(PoisonError::into_inner);
    let drawn = Device::flex();
    drawn.seed(11);
    let weights = values(&init(&drawn));
    let mut random = StdRng::seed_from_u64(5);
    let weights = weights.into_iter().map(|(_, mut data)| {
        let mut numbers: Vec<f32> = data.iter::<f32>().collect();
        if numbers.windows(2).all(|pair| pair[0] == pair[1]) {
            for number in &mut numbers {
                *number += random.random_range(-0.2..0.2);
            }
            data = TensorData::new(numbers, data.shape().clone());
        }
        data
    });
    init(device).map(&mut Load(weights))
}

struct Load<I>(I);

impl<I: Iterator<Item = TensorData>> ModuleMapper for Load<I> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let data = self.0.next().expect("as many arrays as parameters");
        param.map(|tensor| {
            Tensor::from_data(data, &tensor.device()).set_require_grad(tensor.is_require_grad())
        })
    }
}

/// Every parameter and running statistic with its path.
pub fn values<M: Module>(module: &M) -> Vec<(String, TensorData)> {
    visit(module, &Values)
}

/// Visits the arrays of a module; a trait, because closures cannot be generic in the rank.
trait Read {
    fn read<const D: usize>(&self, param: &Param<Tensor<D>>) -> Option<TensorData>;
}

struct Values;

impl Read for Values {
    fn read<const D: usize>(&self, param: &Param<Tensor<D>>) -> Option<TensorData> {
        Some(param.val().into_data())
    }
}

impl Read for GradientsParams {
    fn read<const D: usize>(&self, param: &Param<Tensor<D>>) -> Option<TensorData> {
        self.get::<D>(param.id).map(Tensor::into_data)
    }
}

fn visit<M: Module>(module: &M, read: &impl Read) -> Vec<(String, TensorData)> {
    struct Visitor<'a, R> {
        read: &'a R,
        found: Vec<(String, TensorData)>,
    }
    impl<R: Read> VisitNamed for Visitor<'_, R> {
        fn visit_float<const D: usize>(&mut self, name: &str, param: &Param<Tensor<D>>) {
            if let Some(data) = self.read.read(param) {
                self.found.push((name.into(), data));
            }
        }
    }
    let visitor = Visitor {
        read,
        found: Vec::new(),
    };
    named::visit(module, visitor).found
}

/// What a device computed.
#[derive(Default)]
pub struct Observed {
    values: Vec<(String, TensorData)>,
    gradients: Vec<(String, TensorData)>,
}

impl Observed {
    /// Adds an array that is not a gradient.
    pub fn with<const D: usize>(mut self, name: &str, tensor: Tensor<D>) -> Self {
        self.values.push((name.to_string(), tensor.into_data()));
        self
    }

    /// The gradients of a module's parameters.
    pub fn gradients(&self) -> &[(String, TensorData)] {
        &self.gradients
    }
}

/// The output of a layer or network, the gradients of ⟨c, output⟩ for a fixed random c with respect to the input and to
/// every parameter that is trained, and the running statistics afterwards.
pub fn observe<M: Module, const I: usize, const O: usize>(
    module: &M,
    input: Tensor<I>,
    forward: impl Fn(Tensor<I>) -> Tensor<O>,
) -> Observed {
    let input = input.require_grad();
    let observed = observe_parameters(module, || forward(input.clone()), |grads| input.grad(grads));
    assert!(observed.gradients.iter().any(|(name, _)| name == INPUT));
    observed
}

const INPUT: &str = "the input";

/// [`observe`] where the input may carry no gradient, as in training.
pub fn observe_parameters<M: Module, const I: usize, const O: usize>(
    module: &M,
    forward: impl Fn() -> Tensor<O>,
    of_input: impl Fn(&burn::tensor::Gradients) -> Option<Tensor<I>>,
) -> Observed {
    let output = forward();
    let c = noise(output.dims(), 99, &output.device().inner());
    let grads = (output.clone() * Tensor::from_inner(c)).sum().backward();
    let for_input = of_input(&grads).map(Tensor::into_data);
    let for_parameters = visit(module, &GradientsParams::from_grads(grads, module));
    let statistics = values(&module.valid()).into_iter();
    let mut values = vec![("the output".to_string(), output.inner().into_data())];
    values.extend(statistics.map(|(name, data)| (format!("{name}, afterwards"), data)));
    let mut gradients: Vec<_> = for_input
        .map(|data| (INPUT.into(), data))
        .into_iter()
        .collect();
    gradients.extend(for_parameters);
    Observed { values, gradients }
}

/// Computes the same on the reference and on every other backend, and compares all arrays. How far they are apart is
/// printed, for `--nocapture`.
pub fn compare(compute: impl Fn(&Device) -> Observed) {
    let expected = compute(&reference());
    for backend in others() {
        let found = compute(&backend.device());
        let largest = expected.gradients.iter().map(|(_, data)| size(data));
        let least = NEGLIGIBLE * largest.fold(0.0, f64::max);
        let values = same(backend, "", &expected.values, &found.values, 0.0);
        let (expected, found) = (&expected.gradients, &found.gradients);
        let gradients = same(backend, "gradient of ", expected, found, least);
        let test = std::thread::current();
        println!(
            "{} {}: values {values:.1e}, gradients {gradients:.1e} apart",
            backend.name,
            test.name().unwrap_or_default()
        );
    }
}

/// The largest difference, relative to the largest entry of its array or to `least`.
fn same(
    backend: &Backend,
    kind: &str,
    expected: &[(String, TensorData)],
    found: &[(String, TensorData)],
    least: f64,
) -> f64 {
    let mut worst: f64 = 0.0;
    let names = |list: &[(String, TensorData)]| -> Vec<String> {
        list.iter().map(|(name, _)| name.clone()).collect()
    };
    assert_eq!(names(expected), names(found), "{}: {kind}", backend.name);
    for ((name, expected), (_, found)) in expected.iter().zip(found) {
        assert_eq!(
            expected.shape(),
            found.shape(),
            "{}: {kind}{name}",
            backend.name
        );
        let differences = expected.iter::<f64>().zip(found.iter::<f64>());
        let apart = largest(differences.map(|(a, b)| (a - b).abs()));
        let relative = apart / size(expected).max(least).max(f64::MIN_POSITIVE);
        assert!(
            relative <= TOLERANCE,
            "{}: {kind}{name} differs by {relative:.1e} of its largest entry",
            backend.name
        );
        worst = worst.max(relative);
    }
    worst
}

/// The largest number, or NaN where one of them is none: `max` would pass over it.
fn largest(numbers: impl Iterator<Item = f64>) -> f64 {
    numbers.fold(0.0, |largest, new| {
        if largest.is_nan() || new <= largest {
            largest
        } else {
            new
        }
    })
}

#[test]
fn what_is_no_number_is_never_passed_over() {
    for numbers in [[f64::NAN, 0.0], [0.0, f64::NAN], [f64::NAN, f64::INFINITY]] {
        assert!(largest(numbers.into_iter()).is_nan(), "{numbers:?}");
    }
    assert_eq!(largest([0.5, 2.0, 1.0].into_iter()), 2.0);
}

fn size(data: &TensorData) -> f64 {
    data.iter::<f64>()
        .fold(0.0, |size, value| value.abs().max(size))
}
