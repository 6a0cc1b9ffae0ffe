//! The report as a terminal shows it: what it comes to in a sentence or two, then every element and every layer.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use gcnn_train::task::equivariance::{Element, Standing, largest};

use super::{Beginning, EquivarianceReport, Growth, Stage};

/// Errors below this are single precision's own.
const ROUNDING: f64 = 1e-5;
/// Errors below this may still be, of deep networks and large sums.
const NEARLY_ROUNDING: f64 = 1e-4;
/// Errors below this are small.
const SMALL: f64 = 0.05;

/// An error in few characters: `0`, `3.1e-7`, `0.042`.
pub fn number(error: f64) -> String {
    match error {
        0.0 => "0".into(),
        _ if error < 9.995e-4 => format!("{error:.1e}"),
        _ => format!("{error:.3}"),
    }
}

/// What the report comes to, in sentences.
pub fn verdict(report: &EquivarianceReport) -> Vec<String> {
    let stages = report.stages();
    let last = report.last();
    let when = match (&report.after, report.beginning) {
        (Some(_), Beginning::OfTraining) => "before and after training",
        (Some(_), Beginning::Random) => "with random weights and after training",
        (None, beginning) => beginning.title(),
    };
    let worst = |standing: Standing| {
        let all = stages
            .iter()
            .filter_map(|(_, stage)| stage.survey.worst(standing));
        all.reduce(|a, b| [0, 1].map(|place| largest([a[place], b[place]].into_iter())))
    };
    let output = last.survey.outputs.last().map_or("", |output| &output.name);
    let mut lines = Vec::new();
    let symmetry = report.subject.symmetry.as_deref();
    // Doing nothing is kept by any network.
    let exact = last.survey.elements.iter();
    let exact = exact.filter(|element| element.standing == Standing::Exact);
    let is_more = exact.count() > 1 || last.survey.worst(Standing::Interpolated).is_none();
    if let (Some([any, _]), Some(symmetry)) = (worst(Standing::Exact).filter(|_| is_more), symmetry)
    {
        lines.push(if any == 0.0 {
            format!("It keeps what it is built for ({symmetry}), to the last bit, {when}.")
        } else if any <= ROUNDING {
            format!(
                "It keeps what it is built for ({symmetry}): in no layer is the error larger than {}, which is rounding, {when}.",
                number(any)
            )
        } else if any <= NEARLY_ROUNDING {
            format!(
                "It keeps what it is built for ({symmetry}), slightly above rounding: in no layer is the error larger than {}, {when}.",
                number(any)
            )
        } else {
            format!(
                "It does NOT keep what it is built for ({symmetry}): the error reaches {}, far above rounding.",
                number(any)
            )
        });
    }
    if let Some([any, end]) = last.survey.worst(Standing::Interpolated) {
        let of_growth = last.growth.as_ref().map(|growth| &growth.interpolation);
        let alone = of_growth.or(last.sweep.interpolation.as_ref());
        let alone = alone.map_or(String::new(), |errors| {
            format!(
                "; interpolating the images there and back changes them by {}",
                number(largest(errors.iter().copied()))
            )
        });
        lines.push(format!(
            "Elements that fall between pixels change its layers by {} at most, its {output} by {}{alone}.",
            number(any),
            number(end)
        ));
    }
    if let Some([_, end]) = last.survey.worst(Standing::Foreign) {
        let answers = last
            .survey
            .outputs
            .last()
            .and_then(|output| output.same_largest.as_ref());
        let changed = answers.map_or(String::new(), |shares| {
            let foreign = last.survey.elements.iter().zip(shares);
            let least = foreign
                .filter(|(element, _)| element.standing == Standing::Foreign)
                .map(|(_, share)| *share)
                .fold(1.0, f64::min);
            format!(
                " and the answer to {:.0} % of the {}",
                100.0 * (1.0 - least),
                report.subject.unit
            )
        });
        let what = match symmetry {
            None => "It is built for no symmetry: turning and reflecting change",
            Some(_) => "What it is not built for changes",
        };
        lines.push(format!(
            "{what} its {output} by {} at most{changed}.",
            number(end)
        ));
    }
    lines
}

/// The whole report, coloured for a terminal.
pub fn text(report: &EquivarianceReport) -> String {
    let subject = &report.subject;
    let bold = Style::new().bold();
    let mut text = format!(
        "{bold}{}{bold:#}, {} parameters",
        subject.network, subject.parameters
    );
    // Writing to a string cannot fail, here and below.
    let _ = match (&report.after, subject.epoch) {
        (None, _) => writeln!(text, ", fresh: {}", subject.source),
        (Some(_), Some(epoch)) => writeln!(text, ", epoch {epoch}: {}", subject.source),
        (Some(_), None) => writeln!(text, ": {}", subject.source),
    };
    let _ = writeln!(
        text,
        "{} {}: {}",
        subject.examples, subject.unit, subject.data
    );
    text.push_str("error = ‖L_g Φ(f) − Φ(L_g f)‖ / ‖Φ(f)‖ of every layer Φ and every element g\n");
    for (name, stage) in report.stages() {
        let _ = writeln!(text, "\n{bold}{name}{bold:#}");
        stage_text(&mut text, stage, &subject.unit);
    }
    text.push('\n');
    for line in verdict(report) {
        let _ = writeln!(text, "{line}");
    }
    text
}

fn stage_text(text: &mut String, stage: &Stage, unit: &str) {
    let survey = &stage.survey;
    let names = survey
        .elements
        .iter()
        .map(|element| element.name.chars().count());
    let first = names.max().unwrap_or(0).max(34) + 4;
    let same = survey
        .outputs
        .last()
        .and_then(|output| output.same_largest.as_ref());
    // `layer 3` stands in two lines.
    for word in 0..2 {
        let _ = write!(text, "{:first$}", "");
        for output in &survey.outputs {
            let words: Vec<&str> = output.name.split(' ').collect();
            let shown = match (words.len(), word) {
                (1, 0) => "",
                (1, _) => words[0],
                (_, word) => words[word],
            };
            let _ = write!(text, "{shown:>11}");
        }
        if same.is_some() {
            let _ = write!(text, "{:>9}", ["same", "answer"][word]);
        }
        text.push('\n');
    }
    for standing in Standing::ALL {
        let of = |element: &&(usize, &Element)| element.1.standing == standing;
        let all: Vec<(usize, &Element)> = survey.elements.iter().enumerate().collect();
        let members: Vec<&(usize, &Element)> = all.iter().filter(of).collect();
        if members.is_empty() {
            continue;
        }
        let _ = writeln!(text, "  {}", standing.title());
        for (index, element) in members {
            let _ = write!(text, "    {:<1$}", element.name, first - 4);
            for output in &survey.outputs {
                cell(text, output.errors[*index], standing);
            }
            if let Some(shares) = same {
                let _ = write!(text, "{:>7.1} %", 100.0 * shares[*index]);
            }
            text.push('\n');
        }
    }
    if let Some(growth) = &stage.growth {
        growth_text(text, growth, unit, first);
    }
    let sweep = &stage.sweep;
    let count = sweep.degrees.len();
    // Signals don't turn: they grow alone.
    if count < 2 && stage.growth.is_some() {
        return;
    }
    let _ = writeln!(
        text,
        "  rotations by {count} angles all around, of {} {unit}",
        sweep.examples
    );
    let _ = write!(text, "    {:<1$}", "largest error", first - 4);
    for output in &sweep.outputs {
        cell(
            text,
            largest(output.errors.iter().copied()),
            Standing::Interpolated,
        );
    }
    text.push('\n');
    if let Some(errors) = &sweep.interpolation {
        let alone = number(largest(errors.iter().copied()));
        let _ = writeln!(
            text,
            "    interpolating the images alone, there and back: {alone}"
        );
    }
}

/// What becomes of outputs as examples grow, factor by factor, with what interpolation alone does.
fn growth_text(text: &mut String, growth: &Growth, unit: &str, first: usize) {
    let _ = writeln!(text, "  growing, of {} {unit}", growth.examples);
    for (index, factor) in growth.factors.iter().enumerate() {
        let alone = number(growth.interpolation[index]);
        let name = format!("by {factor:.2} (interpolation alone {alone})");
        let _ = write!(text, "    {name:<0$}", first - 4);
        for output in &growth.outputs {
            cell(text, output.errors[index], Standing::Interpolated);
        }
        text.push('\n');
    }
}

/// An error in its colour: of what the network is built for, small is green and large is red.
fn cell(text: &mut String, error: f64, standing: Standing) {
    let style = match standing {
        Standing::Foreign => Style::new().dimmed(),
        _ if error <= ROUNDING => AnsiColor::Green.on_default(),
        _ if error <= SMALL => AnsiColor::Yellow.on_default(),
        _ => AnsiColor::Red.on_default(),
    };
    let _ = write!(text, "{style}{:>11}{style:#}", number(error));
}

#[cfg(test)]
mod tests {
    use gcnn_layers::equivariance::OutputErrors;

    use super::*;
    use crate::report::symmetry::{Answers, Subject, Sweep};
    use gcnn_train::task::equivariance::Survey;

    /// A report of one layer with an error under what the network is built for.
    fn report(error: f64) -> EquivarianceReport {
        let output = OutputErrors {
            name: "layer 1".into(),
            shape: vec![1],
            errors: vec![error],
            same_largest: None,
        };
        EquivarianceReport {
            subject: Subject {
                source: "run".into(),
                network: "G-CNN over C4".into(),
                symmetry: Some("C4".into()),
                parameters: 7,
                epoch: None,
                data: "digits".into(),
                examples: 9,
                unit: "images".into(),
            },
            beginning: Beginning::OfTraining,
            before: Stage {
                survey: Survey {
                    examples: 9,
                    elements: vec![Element {
                        name: "rotation by 90°".into(),
                        standing: Standing::Exact,
                    }],
                    outputs: vec![output.clone()],
                },
                sweep: Sweep {
                    examples: 8,
                    degrees: vec![0.0],
                    outputs: vec![output],
                    interpolation: None,
                },
                growth: None,
                answers: Answers {
                    are_shares: true,
                    about: "answers".into(),
                    example: 0,
                    degrees: Vec::new(),
                    curves: Vec::new(),
                },
            },
            after: None,
            scene: None,
        }
    }

    #[test]
    fn the_verdict_knows_rounding_from_what_is_near_it() {
        for (error, words) in [
            (
                0.0,
                "It keeps what it is built for (C4), to the last bit, before training.",
            ),
            (9e-6, "which is rounding"),
            (
                5e-5,
                "It keeps what it is built for (C4), slightly above rounding",
            ),
            (2e-4, "It does NOT keep"),
            (f64::NAN, "It does NOT keep"),
        ] {
            let found = verdict(&report(error));
            assert!(found[0].contains(words), "{error}: {found:?}");
        }
        let mut plain = report(0.0);
        plain.subject.symmetry = None;
        assert!(verdict(&plain).is_empty());
    }

    #[test]
    fn what_the_weights_are_is_said() {
        let mut found = report(0.0);
        let words = text(&found);
        assert!(words.contains("7 parameters, fresh: run"), "{words}");
        assert!(words.contains("all around, of 8 images"), "{words}");
        // Weights that were trained elsewhere.
        (found.after, found.beginning) = (Some(found.before.clone()), Beginning::Random);
        let words = text(&found);
        assert!(words.contains("7 parameters: run"), "{words}");
        assert!(
            words.contains("random weights") && !words.contains("before training"),
            "{words}"
        );
        found.subject.epoch = Some(3);
        assert!(text(&found).contains("7 parameters, epoch 3: run"));
    }

    #[test]
    fn errors_are_short() {
        let found = [0.0, 3.14e-7, 0.000_999_9, 0.0421, 1.5, f64::NAN].map(number);
        assert_eq!(found, ["0", "3.1e-7", "0.001", "0.042", "1.500", "NaN"]);
    }
}
