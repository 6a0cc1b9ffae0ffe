//! Devices: chosen by name at run time among those that this build holds.

pub mod remote;

use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};

use burn::prelude::*;

use remote::RemoteAddress;

/// A device as a run file or the command line names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeviceName {
    /// The first that is compiled in and starts: CUDA, Vulkan, wgpu, flex, ndarray. A driver that has the CPU play a GPU
    /// comes last.
    Auto,
    /// The CPU, Burn's flex backend.
    Flex,
    /// The CPU, Burn's ndarray backend.
    NdArray,
    /// A GPU through wgpu, whichever graphics interface works.
    Wgpu(Adapter),
    /// A GPU through Vulkan.
    Vulkan(Adapter),
    /// The NVIDIA GPU of this number.
    Cuda(usize),
    /// A device that `gcnn serve` lends on another machine.
    Remote(RemoteAddress),
}

/// Which of the devices that a graphics interface offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Adapter {
    /// The one that promises most.
    Best,
    /// The discrete GPU of this number.
    Discrete(usize),
    /// A driver that has the CPU play a GPU, for tests.
    Software,
}

impl std::fmt::Display for Adapter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Best => Ok(()),
            Self::Discrete(i) => write!(f, ":{i}"),
            Self::Software => write!(f, ":cpu"),
        }
    }
}

/// Why a device cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeviceError {
    /// No such name.
    #[error(
        "unknown device `{0}`; valid are auto, flex, ndarray, wgpu, vulkan, cuda:0 (or another number), \
         remote:HOST:PORT"
    )]
    Unknown(String),
    /// The backend is not part of this build.
    #[error(
        "device `{device}` is not part of this build; compile with the cargo feature `{feature}`: \
         cargo run --release --features {feature} -- …"
    )]
    NotCompiled {
        /// The device asked for.
        device: String,
        /// The feature that holds it.
        feature: &'static str,
    },
    /// The backend is there, but the device does not start.
    #[error("device `{device}` does not start ({reason}); {hint}")]
    DoesNotStart {
        /// The device asked for.
        device: String,
        /// What the driver said.
        reason: String,
        /// What is probably missing.
        hint: &'static str,
    },
    /// This machine's devices cannot be lent.
    #[error("cannot serve: {0}")]
    Serve(String),
    /// A build without any backend.
    #[error("this build holds no backend; compile with the cargo feature `flex` or another one")]
    Nothing,
}

impl std::fmt::Display for DeviceName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Auto => write!(f, "auto"),
            Self::Flex => write!(f, "flex"),
            Self::NdArray => write!(f, "ndarray"),
            Self::Wgpu(adapter) => write!(f, "wgpu{adapter}"),
            Self::Vulkan(adapter) => write!(f, "vulkan{adapter}"),
            Self::Cuda(i) => write!(f, "cuda:{i}"),
            Self::Remote(address) => write!(f, "remote:{address}"),
        }
    }
}

/// A backend, whether this build holds it, and what it needs.
#[derive(Debug, Clone, Copy)]
pub struct Backend {
    /// Name of device and cargo feature.
    pub name: &'static str,
    /// Whether it is compiled in.
    pub compiled: bool,
    /// What it computes on and needs.
    pub about: &'static str,
}

/// All backends, in the order in which `auto` tries them; it does not try the last.
pub const BACKENDS: [Backend; 6] = [
    Backend {
        name: "cuda",
        compiled: cfg!(feature = "cuda"),
        about: "NVIDIA GPU; needs the NVIDIA driver and the CUDA toolkit's libraries",
    },
    Backend {
        name: "vulkan",
        compiled: cfg!(feature = "vulkan"),
        about: "GPU with a Vulkan driver",
    },
    Backend {
        name: "wgpu",
        compiled: cfg!(any(feature = "wgpu", feature = "vulkan")),
        about: "GPU with a Vulkan, Metal or DirectX 12 driver",
    },
    Backend {
        name: "flex",
        compiled: cfg!(feature = "flex"),
        about: "CPU",
    },
    Backend {
        name: "ndarray",
        compiled: cfg!(feature = "ndarray"),
        about: "CPU, slow; deprecated upstream",
    },
    Backend {
        name: "remote",
        compiled: cfg!(feature = "remote"),
        about: "a device that `gcnn serve` lends on another machine",
    },
];

impl DeviceName {
    /// Reads a name such as `flex` or `cuda:0`.
    pub fn parse(text: &str) -> Result<Self, DeviceError> {
        let unknown = || DeviceError::Unknown(text.to_string());
        let text = text.trim();
        let (name, part) = match text.split_once(':') {
            Some((name, part)) => (name, Some(part)),
            None => (text, None),
        };
        let number = |part: &str| part.parse::<usize>().map_err(|_| unknown());
        let adapter = |part: Option<&str>| match part {
            None => Ok(Adapter::Best),
            Some("cpu") => Ok(Adapter::Software),
            Some(part) => number(part).map(Adapter::Discrete),
        };
        match (name.to_lowercase().as_str(), part) {
            ("auto", None) => Ok(Self::Auto),
            ("flex", None) => Ok(Self::Flex),
            ("ndarray", None) => Ok(Self::NdArray),
            ("wgpu", part) => adapter(part).map(Self::Wgpu),
            ("vulkan", part) => adapter(part).map(Self::Vulkan),
            ("cuda", part) => Ok(Self::Cuda(part.map_or(Ok(0), number)?)),
            ("remote", Some(address)) => RemoteAddress::parse(address)
                .map(Self::Remote)
                .ok_or_else(unknown),
            _ => Err(unknown()),
        }
    }

    /// Starts the device and computes a sum on it.
    pub fn open(self) -> Result<(Self, Device), DeviceError> {
        if self != Self::Auto {
            let device = self.start()?;
            return Ok((self, device));
        }
        let mut last = Err(DeviceError::Nothing);
        for name in [
            Self::Cuda(0),
            Self::Vulkan(Adapter::Best),
            Self::Wgpu(Adapter::Best),
            Self::Flex,
            Self::NdArray,
        ] {
            match name.start() {
                Ok(device) if is_imitation(&device) => last = Ok((name, device)),
                Ok(device) => return Ok((name, device)),
                Err(DeviceError::NotCompiled { .. }) => {}
                Err(error) => {
                    tracing::warn!("{error}");
                    last = last.or(Err(error));
                }
            }
        }
        last
    }

    fn start(&self) -> Result<Device, DeviceError> {
        match self {
            Self::Auto => Err(DeviceError::Nothing),
            Self::Flex => flex(),
            Self::NdArray => ndarray(),
            Self::Wgpu(adapter) => wgpu(self, *adapter),
            Self::Vulkan(adapter) => vulkan(self, *adapter),
            Self::Cuda(i) => cuda(self, *i),
            Self::Remote(address) => remote::connect(self, address),
        }
    }
}

#[cfg(feature = "flex")]
fn flex() -> Result<Device, DeviceError> {
    Ok(Device::flex())
}

#[cfg(not(feature = "flex"))]
fn flex() -> Result<Device, DeviceError> {
    Err(not_compiled(&DeviceName::Flex, "flex"))
}

#[cfg(feature = "ndarray")]
fn ndarray() -> Result<Device, DeviceError> {
    #[allow(deprecated)] // offered for comparison as long as Burn has it
    Ok(Device::ndarray())
}

#[cfg(not(feature = "ndarray"))]
fn ndarray() -> Result<Device, DeviceError> {
    Err(not_compiled(&DeviceName::NdArray, "ndarray"))
}

#[cfg(any(feature = "wgpu", feature = "vulkan"))]
fn kind(adapter: Adapter) -> burn::tensor::DeviceKind {
    match adapter {
        Adapter::Best => burn::tensor::DeviceKind::DefaultDevice,
        Adapter::Discrete(i) => burn::tensor::DeviceKind::DiscreteGpu(i),
        Adapter::Software => burn::tensor::DeviceKind::Cpu,
    }
}

#[cfg(any(feature = "wgpu", feature = "vulkan"))]
fn wgpu(name: &DeviceName, adapter: Adapter) -> Result<Device, DeviceError> {
    let hint = "install a GPU driver with Vulkan support, or use `device = \"flex\"`";
    probe(name, hint, || {
        Device::wgpu_options()
            .device_kind(kind(adapter))
            .init()
            .map_err(|e| e.to_string())
    })
}

#[cfg(not(any(feature = "wgpu", feature = "vulkan")))]
fn wgpu(name: &DeviceName, _adapter: Adapter) -> Result<Device, DeviceError> {
    Err(not_compiled(name, "wgpu"))
}

#[cfg(feature = "vulkan")]
fn vulkan(name: &DeviceName, adapter: Adapter) -> Result<Device, DeviceError> {
    let hint = "install a GPU driver with Vulkan support, or use `device = \"flex\"`";
    probe(name, hint, || {
        Device::wgpu_options()
            .device_kind(kind(adapter))
            .graphics_api(burn::tensor::wgpu::WgpuBackend::Vulkan)
            .init()
            .map_err(|e| e.to_string())
    })
}

#[cfg(not(feature = "vulkan"))]
fn vulkan(name: &DeviceName, _adapter: Adapter) -> Result<Device, DeviceError> {
    Err(not_compiled(name, "vulkan"))
}

#[cfg(feature = "cuda")]
fn cuda(name: &DeviceName, index: usize) -> Result<Device, DeviceError> {
    let hint = "install the NVIDIA driver and the CUDA toolkit, check the number, or use `device = \"flex\"`";
    probe(name, hint, || Ok(Device::cuda(index)))
}

#[cfg(not(feature = "cuda"))]
fn cuda(name: &DeviceName, _index: usize) -> Result<Device, DeviceError> {
    Err(not_compiled(name, "cuda"))
}

#[allow(dead_code)] // not called when everything is compiled in
fn not_compiled(name: &DeviceName, feature: &'static str) -> DeviceError {
    DeviceError::NotCompiled {
        device: name.to_string(),
        feature,
    }
}

/// What a GPU calls itself.
#[cfg(any(feature = "wgpu", feature = "vulkan", feature = "cuda"))]
pub fn model(device: &Device) -> Option<String> {
    device.identity().map(|identity| identity.name)
}

/// What a GPU calls itself: there is none in this build.
#[cfg(not(any(feature = "wgpu", feature = "vulkan", feature = "cuda")))]
pub fn model(_device: &Device) -> Option<String> {
    None
}

/// Whether behind a device of a graphics interface there is no card but the CPU.
#[cfg(any(feature = "wgpu", feature = "vulkan", feature = "cuda"))]
fn is_imitation(device: &Device) -> bool {
    device
        .identity()
        .is_some_and(|identity| identity.physical.is_none())
}

#[cfg(not(any(feature = "wgpu", feature = "vulkan", feature = "cuda")))]
fn is_imitation(_device: &Device) -> bool {
    false
}

/// Starts a device and computes on it; start-up that panics, as Burn's lazy one does, becomes an error.
#[allow(dead_code)] // GPU and remote builds only
fn probe(
    name: &DeviceName,
    hint: &'static str,
    start: impl FnOnce() -> Result<Device, String>,
) -> Result<Device, DeviceError> {
    let outcome = quietly(|| {
        let device = start()?;
        let sum = Tensor::<1>::ones([4], &device).sum().into_scalar::<f32>();
        if sum == 4.0 {
            Ok(device)
        } else {
            Err(format!("1 + 1 + 1 + 1 came out as {sum}"))
        }
    });
    outcome.map_err(|reason| DeviceError::DoesNotStart {
        device: name.to_string(),
        reason,
        hint,
    })
}

/// Runs `f` with panics turned into their messages.
fn quietly<T>(f: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    let hook = take_hook();
    set_hook(Box::new(|_| {}));
    let outcome = catch_unwind(AssertUnwindSafe(f));
    set_hook(hook);
    outcome.unwrap_or_else(|panic| {
        let text = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("the driver gave no reason");
        Err(text.lines().next().unwrap_or(text).to_string())
    })
}

#[cfg(test)]
mod tests;
