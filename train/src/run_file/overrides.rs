//! `--set section.key=value` on top of a run file.

use toml::{Table, Value};

use super::ConfigError;
use super::settings::put;

/// The most parts of a key's name. Tables are made one within the other, so that there has to be an end.
const MOST_PARTS: usize = 16;

/// A key that the command line sets.
#[derive(Debug, Clone)]
pub(super) struct Override {
    /// As it was typed.
    typed: String,
    /// The key's full name.
    key: String,
    /// What it is set to.
    value: Value,
    /// The same as a text.
    text: String,
}

impl Override {
    /// Reads `section.key=value`. The value is TOML where it reads as that, otherwise the text itself.
    pub fn parse(typed: &str) -> Result<Self, ConfigError> {
        let Some((key, text)) = typed.split_once('=') else {
            return Err(ConfigError::Override {
                text: typed.into(),
                message: "expected section.key=value".into(),
            });
        };
        let (key, text) = (key.trim(), text.trim());
        if key.split('.').count() > MOST_PARTS {
            return Err(ConfigError::Override {
                text: "…".into(),
                message: format!("the key has more than {MOST_PARTS} parts, as none has"),
            });
        }
        let value = toml::from_str::<Table>(&format!("value = {text}"))
            .ok()
            .and_then(|mut table| table.remove("value"))
            .unwrap_or_else(|| text.into());
        Ok(Self {
            typed: typed.into(),
            key: key.into(),
            value,
            text: text.into(),
        })
    }

    /// Sets the key.
    pub fn apply(&self, table: &mut Table) -> Result<(), ConfigError> {
        put(table, &self.key, self.value.clone()).map_err(|message| self.fault(message))
    }

    /// Sets the key to its value as a text: a folder may be called `2018`, a name `true`. None where it is one already.
    pub fn as_text(&self) -> Option<Self> {
        let text = Value::String(self.text.clone());
        (!self.value.is_str()).then(|| Self {
            value: text,
            ..self.clone()
        })
    }

    /// Whether it sets a key, or one within that.
    pub fn sets(&self, key: &str) -> bool {
        within(&self.key, key)
    }

    /// Whether a fault at a key may be its own: it sets the key, one within, or the table around it.
    pub fn concerns(&self, key: &str) -> bool {
        self.sets(key) || within(key, &self.key)
    }

    /// Why it is refused.
    pub fn fault(&self, message: String) -> ConfigError {
        ConfigError::Override {
            text: self.typed.clone(),
            message,
        }
    }
}

/// Whether a full name is another, or within the table of that name.
fn within(key: &str, table: &str) -> bool {
    let rest = key.strip_prefix(table);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}
