//! Devices of another machine: `gcnn serve` lends them, `remote:HOST:PORT` uses them.
//!
//! Tensors live and are computed where the device is; the graph of gradients, data and files stay here. Both ends must be
//! built with the same version of Burn. The connection, a WebSocket, is not encrypted: it is for networks that one
//! trusts, or through a tunnel.

use std::net::SocketAddr;

use burn::prelude::*;

use super::{DeviceError, DeviceName};

/// The environment variable that holds what clients must present, on both ends.
pub const TOKEN: &str = "GCNN_REMOTE_TOKEN";

/// Where a device is served: `HOST:PORT`, or `HOST:PORT/1` for the second device of that server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteAddress {
    /// Name or number of the machine; numbers of IPv6 are in brackets.
    host: String,
    port: u16,
    index: u32,
}

impl std::fmt::Display for RemoteAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.host, self.port)?;
        match self.index {
            0 => Ok(()),
            index => write!(f, "/{index}"),
        }
    }
}

impl RemoteAddress {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (place, index) = match text.split_once('/') {
            Some((place, index)) => (place, index.parse().ok()?),
            None => (text, 0),
        };
        let (host, port) = place.rsplit_once(':')?;
        let address = Self {
            host: host.to_string(),
            port: port.parse().ok()?,
            index,
        };
        (!host.is_empty()).then_some(address)
    }
}

/// Reads [`TOKEN`]; an empty one is none.
#[cfg(feature = "remote")]
fn token() -> Option<String> {
    std::env::var(TOKEN).ok().filter(|token| !token.is_empty())
}

#[cfg(feature = "remote")]
pub(super) fn connect(name: &DeviceName, address: &RemoteAddress) -> Result<Device, DeviceError> {
    let hint =
        "start `gcnn serve` there, with the same GCNN_REMOTE_TOKEN and of the same version as here";
    super::probe(name, hint, || {
        let url = format!("ws://{}:{}", address.host, address.port);
        let mut host = burn::remote::RemoteHost::websocket(&url);
        if let Some(token) = token() {
            host = host.with_credential(token);
        }
        let options = Device::remote_options(&host).device_index(address.index);
        options.init().map_err(|error| error.to_string())
    })
}

#[cfg(not(feature = "remote"))]
pub(super) fn connect(name: &DeviceName, _address: &RemoteAddress) -> Result<Device, DeviceError> {
    Err(super::not_compiled(name, "remote"))
}

/// Lends devices, all of one backend, until Ctrl-C. `started` hears the address that was taken, where the port was 0.
///
/// # Errors
/// Where the address cannot be listened on, or could be reached from other machines and there is no [`TOKEN`].
#[cfg(feature = "remote")]
pub fn serve(
    devices: Vec<Device>,
    listen: SocketAddr,
    started: impl FnOnce(SocketAddr),
) -> Result<(), DeviceError> {
    use burn::server::{RemoteServer, TokenAuthorizer, WebSocketTransport};
    let fault = |error: &dyn std::fmt::Display| DeviceError::Serve(error.to_string());
    let mut server = RemoteServer::new(devices);
    match token() {
        Some(token) => {
            let authorizer = TokenAuthorizer::new(token).map_err(|error| fault(&error))?;
            server = server.with_authorizer(authorizer);
        }
        None if listen.ip().is_loopback() => {}
        None => {
            return Err(DeviceError::Serve(format!(
                "at {listen} other machines could use this one; set the environment variable {TOKEN} here and there to a \
                 secret, or listen on 127.0.0.1"
            )));
        }
    }
    let listener = std::net::TcpListener::bind(listen)
        .map_err(|error| DeviceError::Serve(format!("{listen}: {error}")))?;
    started(listener.local_addr().map_err(|error| fault(&error))?);
    server
        .serve(WebSocketTransport::from_listener(listener))
        .map_err(|error| fault(&error))
}

/// Lends devices: not in this build.
///
/// # Errors
/// Always.
#[cfg(not(feature = "remote"))]
pub fn serve(
    _devices: Vec<Device>,
    _listen: SocketAddr,
    _started: impl FnOnce(SocketAddr),
) -> Result<(), DeviceError> {
    Err(DeviceError::NotCompiled {
        device: "remote".into(),
        feature: "remote",
    })
}
