//! `gcnn zoo`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use gcnn_models::file::{Header, keys};
use gcnn_models::zoo::{self, Card, Figure};
use gcnn_train::task::metrics::significant;
use gcnn_train::weights::model_file::ZOO;

use super::DeviceArg;
use crate::ProgramError;
use crate::output;
use crate::zoo::{Words, add};

#[derive(Debug, Args)]
pub struct ZooArgs {
    #[command(subcommand)]
    command: Option<ZooCommand>,
    /// Print JSON on standard output: a list of all cards, or one card
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum ZooCommand {
    /// Print a network's card: data, training, figures, equivariance, licence
    Show {
        /// The network's name
        name: String,
        /// Print the run file that made it, too
        #[arg(long)]
        config: bool,
    },
    /// For maintainers: put a finished run into the source tree's zoo
    Add(AddArgs),
}

#[derive(Debug, Args)]
struct AddArgs {
    /// Run folder of a finished run
    #[arg(value_name = "RUN_DIR")]
    run: PathBuf,
    /// The network's name in the zoo
    #[arg(long)]
    name: String,
    /// What it does, in a sentence
    #[arg(long)]
    summary: String,
    /// What to cite
    #[arg(long)]
    citation: String,
    /// Licence of the weights
    #[arg(long, default_value = "MIT OR Apache-2.0")]
    licence: String,
    /// The zoo in the source tree
    #[arg(long, value_name = "DIR", default_value = "models/zoo")]
    folder: PathBuf,
    #[command(flatten)]
    device: DeviceArg,
}

impl ZooArgs {
    pub fn run(self) -> Result<(), ProgramError> {
        match self.command {
            None => list(self.json),
            Some(ZooCommand::Show { name, config }) => show(&name, config, self.json),
            Some(ZooCommand::Add(args)) => args.run(),
        }
    }
}

/// All networks, a line each.
fn list(json: bool) -> Result<(), ProgramError> {
    let cards = zoo::entries()
        .map(|entry| Ok((zoo::card(entry.name)?, entry.bytes.len())))
        .collect::<Result<Vec<(Card, usize)>, ProgramError>>()?;
    if json {
        let cards: Vec<serde_json::Value> = cards
            .iter()
            .map(|(card, bytes)| {
                let mut value = serde_json::json!(card);
                value["bytes"] = serde_json::json!(bytes);
                value
            })
            .collect();
        output::line(serde_json::Value::Array(cards))?;
        return Ok(());
    }
    let head = [
        "name",
        "task",
        "network",
        "parameters",
        "test figure",
        "equivariance error",
    ];
    let mut rows = vec![head.map(str::to_string)];
    rows.extend(cards.iter().map(|(card, _)| {
        let equivariance = card.worst_equivariance();
        [
            card.name.clone(),
            card.task.clone(),
            card.network.clone(),
            card.parameters.to_string(),
            card.headline().map_or(String::new(), words),
            equivariance.map_or("no group".into(), |error| format!("{error:.1e}")),
        ]
    }));
    output::text(aligned(&rows))?;
    output::line(format_args!(
        "\ngcnn zoo show NAME prints a card; zoo:NAME stands for its weights: gcnn eval zoo:NAME"
    ))?;
    Ok(())
}

fn words(figure: &Figure) -> String {
    let Figure {
        measure,
        value,
        low,
        high,
    } = figure;
    let [value, low, high] = [value, low, high].map(|v| significant(*v));
    format!("{measure} {value} ({low} to {high})")
}

/// Columns as wide as their widest entry.
fn aligned<const N: usize>(rows: &[[String; N]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: Vec<usize> = (0..N).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for row in rows {
        let cells: Vec<String> = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}

fn show(name: &str, config: bool, json: bool) -> Result<(), ProgramError> {
    // As it is written where weights are asked for.
    let name = name.strip_prefix(ZOO).unwrap_or(name);
    let card = zoo::card(name)?;
    let header = Header::read(zoo::find(name)?.bytes).map_err(zoo::ZooError::from)?;
    let run_file = header.text(keys::CONFIG).unwrap_or_default();
    if json {
        let mut value = serde_json::json!(card);
        value["config"] = serde_json::json!(run_file);
        output::line(&value)?;
        return Ok(());
    }
    output::text(&card)?;
    if config {
        output::line(format_args!("\n# The run file\n{run_file}"))?;
    } else {
        output::line(format_args!(
            "\nits run file: gcnn zoo show {name} --config"
        ))?;
    }
    Ok(())
}

impl AddArgs {
    fn run(self) -> Result<(), ProgramError> {
        let (_, device) = self.device.open("auto")?;
        let words = Words {
            name: self.name,
            summary: self.summary,
            licence: self.licence,
            citation: self.citation,
        };
        let (path, card) = add(&self.run, &words, &self.folder, &device, |text| {
            output::say(text);
        })?;
        output::text(&card)?;
        output::say(format_args!(
            "written to {}; the next build carries it",
            path.display()
        ));
        Ok(())
    }
}
