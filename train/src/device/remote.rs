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

/// A secret for a server: 128 bits of the system's randomness, as 32 hexadecimal digits.
///
/// # Errors
/// Where the system has no randomness to give.
#[cfg(any(feature = "remote", test))]
fn new_token() -> Result<String, DeviceError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|e| {
        DeviceError::Serve(format!(
            "a secret cannot be made ({e}); set {TOKEN} to one of your own"
        ))
    })?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// What the other side types to use a server, in a shell; a secret that it has to have in its environment already is not shown.
pub fn command(address: SocketAddr, made: Option<&str>) -> String {
    let secret = made.map_or(String::new(), |token| format!("{TOKEN}={token} "));
    format!("{secret}gcnn train my.toml --device remote:{address}")
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

/// Lends devices, all of one backend, until Ctrl-C, to whoever presents [`TOKEN`]. Where the environment has none, one is made:
/// any page in a browser on this machine can connect to a port of it. `started` hears the address that was taken, where the
/// port was 0, and the secret that was made.
///
/// # Errors
/// Where the address cannot be listened on.
#[cfg(feature = "remote")]
pub fn serve(
    devices: Vec<Device>,
    listen: SocketAddr,
    started: impl FnOnce(SocketAddr, Option<&str>),
) -> Result<(), DeviceError> {
    use burn::server::{RemoteServer, TokenAuthorizer, WebSocketTransport};
    let fault = |error: &dyn std::fmt::Display| DeviceError::Serve(error.to_string());
    let (token, made) = match token() {
        Some(token) => (token, None),
        None => {
            let token = new_token()?;
            (token.clone(), Some(token))
        }
    };
    let authorizer = TokenAuthorizer::new(token).map_err(|error| fault(&error))?;
    let server = RemoteServer::new(devices).with_authorizer(authorizer);
    let listener = std::net::TcpListener::bind(listen)
        .map_err(|error| DeviceError::Serve(format!("{listen}: {error}")))?;
    let address = listener.local_addr().map_err(|error| fault(&error))?;
    started(address, made.as_deref());
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
    _started: impl FnOnce(SocketAddr, Option<&str>),
) -> Result<(), DeviceError> {
    Err(DeviceError::NotCompiled {
        device: "remote".into(),
        feature: "remote",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_long_and_never_the_same() {
        let [a, b] = [0; 2].map(|_| new_token().expect("randomness"));
        assert_ne!(a, b);
        assert!(
            a.len() == 32 && a.bytes().all(|byte| byte.is_ascii_hexdigit()),
            "{a}"
        );
    }

    #[test]
    fn the_other_sides_command_has_a_made_secret_and_no_other() {
        let address = SocketAddr::from(([127, 0, 0, 1], 3000));
        let made = command(address, Some("abc"));
        assert_eq!(
            made,
            "GCNN_REMOTE_TOKEN=abc gcnn train my.toml --device remote:127.0.0.1:3000"
        );
        assert!(!command(address, None).contains(TOKEN));
    }
}
