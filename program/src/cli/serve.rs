//! `gcnn serve`.

use std::net::SocketAddr;

use clap::Args;
use gcnn_train::device::{DeviceName, remote};

use crate::ProgramError;
use crate::output;

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
    /// Where to listen. Clients must have the secret in GCNN_REMOTE_TOKEN; where it holds none here, one is made and shown
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:3000")]
    listen: SocketAddr,
}

impl ServeArgs {
    pub fn run(self) -> Result<(), ProgramError> {
        let mut names = Vec::new();
        let mut devices = Vec::new();
        for name in &self.device {
            let (name, device) = DeviceName::parse(name)?.open()?;
            names.push(name.to_string());
            devices.push(device);
        }
        remote::serve(devices, self.listen, |address, made| {
            let names = names.join(", ");
            output::say(format_args!("{names} at remote:{address}; Ctrl-C ends it"));
            output::say(format_args!("there: {}", remote::command(address, made)));
        })?;
        Ok(())
    }
}
