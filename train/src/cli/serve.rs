//! `gcnn serve`.

use std::net::SocketAddr;

use clap::Args;

use crate::TrainError;
use crate::device::{DeviceName, remote};

#[derive(Debug, Args)]
pub struct ServeArgs {
    /// What to lend: auto, flex, ndarray, wgpu, vulkan, cuda:0; several, of one backend, are separated by commas
    #[arg(
        long,
        value_name = "DEVICE",
        value_delimiter = ',',
        default_value = "auto"
    )]
    device: Vec<String>,
    /// Where to listen; for addresses that other machines reach, GCNN_REMOTE_TOKEN must hold a secret, here and there
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:3000")]
    listen: SocketAddr,
}

impl ServeArgs {
    pub fn run(self) -> Result<(), TrainError> {
        let mut names = Vec::new();
        let mut devices = Vec::new();
        for name in &self.device {
            let (name, device) = DeviceName::parse(name)?.open()?;
            names.push(name.to_string());
            devices.push(device);
        }
        remote::serve(devices, self.listen, |address| {
            let names = names.join(", ");
            eprintln!("{names} at remote:{address}; Ctrl-C ends it");
        })?;
        Ok(())
    }
}
