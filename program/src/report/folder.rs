//! A folder of pictures in words: what is in it, and what of it will matter.

use gcnn_datasets::TargetKind;
use gcnn_datasets::image_folder::{Confidence, Layout, Survey};

use crate::report::markup::short;

/// Pictures of a class that training should have at least; of all splits together.
const FEWEST: usize = 15;
/// A class that is so many times as large as another one is told.
const UNEVEN: f64 = 3.0;
/// Values that use less of their range than this are faint.
const FAINT: f64 = 0.1;
/// Names that are told of each kind.
const NAMED: usize = 3;

/// What is in it, a line for each.
pub fn describe(survey: &Survey) -> Vec<String> {
    let classes = match survey.classes.len() {
        0 => String::new(),
        1 => " in one class".to_string(),
        count => format!(" in {count} classes"),
    };
    let place = layout(&survey.layout);
    let mut lines = vec![format!("{} pictures{classes} ({place})", survey.pictures)];
    let classes = survey.classes.iter();
    let classes: Vec<String> = classes
        .map(|class| format!("{} {}", class.name, class.pictures))
        .collect();
    if !classes.is_empty() {
        lines.push(classes.join(", "));
    }
    for (kind, what) in [
        (TargetKind::Numbers, "numbers"),
        (TargetKind::Labels, "labels"),
    ] {
        let columns = survey.targets.iter().filter(|column| column.kind == kind);
        let words = columns.map(|column| {
            let [least, most] = column.range.map(|end| short(f64::from(end)));
            match kind {
                TargetKind::Numbers => {
                    format!("{} ({least} to {most}, of {})", column.name, column.known)
                }
                TargetKind::Labels => format!("{} (of {})", column.name, column.known),
            }
        });
        let words: Vec<String> = words.collect();
        if !words.is_empty() {
            lines.push(format!(
                "columns that look like {what}: {}",
                words.join(", ")
            ));
        }
    }
    if let Some(sizes) = &survey.sizes {
        let words = |[height, width]: [usize; 2]| format!("{height}×{width}");
        lines.push(match sizes.different {
            1 => format!("all of {} pixels (height×width)", words(sizes.median)),
            different => format!(
                "{different} sizes, from {} to {}, {} in the middle (height×width)",
                words(sizes.smallest),
                words(sizes.largest),
                words(sizes.median)
            ),
        });
    }
    let colours = &survey.colours;
    let is_equal = colours.sampled > 0 && colours.equal == colours.sampled;
    let colour = match (colours.grey, colours.colour) {
        (_, 0) => "grey".to_string(),
        (0, _) if is_equal => "grey in files of three equal channels".into(),
        (_, count) if is_equal => format!("grey, {count} in files of three equal channels"),
        (0, _) => "colour".into(),
        (grey, colour) => format!("{grey} grey and {colour} in colour"),
    };
    let depth = match (survey.depths.bytes, survey.depths.deeper) {
        (_, 0) => "8 bits".to_string(),
        (0, _) => "more than 8 bits".into(),
        (bytes, deeper) => format!("{bytes} of 8 bits and {deeper} of more"),
    };
    let formats = survey.formats.iter();
    let formats: Vec<String> = formats
        .map(|(format, count)| format!("{count} {format}"))
        .collect();
    lines.push(format!("{colour}, {depth}; {}", formats.join(", ")));
    lines
}

fn layout(layout: &Layout) -> String {
    match layout {
        Layout::Splits => "in folders of train, valid and test".into(),
        Layout::Classes => "a folder for each".into(),
        Layout::Table(name) => format!("by {name}"),
    }
}

/// What of it will matter, a sentence for each.
pub fn matters(survey: &Survey) -> Vec<String> {
    let mut matters = Vec::new();
    if survey.classes.len() == 1 {
        matters.push("a single class: there is nothing to tell apart".into());
    }
    let counts = survey.classes.iter().map(|class| class.pictures);
    let (least, most) = (counts.clone().min().unwrap_or(0), counts.max().unwrap_or(0));
    if least < FEWEST
        && !survey.classes.is_empty()
        && let Some(class) = survey.classes.iter().find(|class| class.pictures == least)
    {
        matters.push(format!(
            "{} has {least} pictures: a class wants {FEWEST} and more",
            class.name
        ));
    }
    if most as f64 > UNEVEN * least.max(1) as f64 {
        matters.push(format!(
            "the classes are uneven ({least} to {most} pictures); training.class_weights or training.sampling = \"balanced\" let \
             small ones count, training.goal = \"balanced-accuracy\" judges by them"
        ));
    }
    if survey.unreadable_count > 0 {
        let shown = survey.unreadable.iter().take(NAMED);
        let shown: Vec<String> = shown
            .map(|file| format!("{} ({})", file.name, file.reason))
            .collect();
        matters.push(format!(
            "{} files cannot be read, and training will refuse them: {}",
            survey.unreadable_count,
            shown.join("; ")
        ));
    }
    matters.extend(duplicates(survey));
    if let Some(groups) = &survey.groups {
        let sure = match groups.confidence {
            Confidence::Likely => "say",
            Confidence::Possible => "may say",
        };
        matters.push(format!(
            "names {sure} what belongs together: {} groups, such as {}. If pictures of one group are alike, keep each in one split: \
             dataset.groups = {}",
            groups.groups,
            groups.example,
            toml::Value::from(groups.pattern.clone())
        ));
    }
    if let Some(values) = &survey.values
        && values.used < FAINT
    {
        matters.push(format!(
            "the values use {:.0} % of their range; dataset.stretch = \"percentiles\" or \"asinh\" brings out what is faint",
            100.0 * values.used
        ));
    }
    if let Some(extent) = survey.extent
        && extent < 0.5
    {
        matters.push(format!(
            "what is in the pictures fills {:.0} % of their side; cut closer, it would be seen in more pixels",
            100.0 * extent
        ));
    }
    matters
}

fn duplicates(survey: &Survey) -> Vec<String> {
    let found = &survey.duplicates;
    let example = found.sets.first().map(|set| set.names.join(", "));
    let example = example.unwrap_or_default();
    let mut words = Vec::new();
    if found.across_classes > 0 {
        words.push(format!(
            "{} sets of equal pictures are in different classes, where one label must be wrong: {example}",
            found.across_classes
        ));
    } else if found.across_splits > 0 {
        words.push(format!(
            "{} sets of equal pictures are in different splits, and a test on them measures memory: {example}",
            found.across_splits
        ));
    } else if found.extra > 0 {
        words.push(format!(
            "{} pictures are there more than once: {example}",
            found.extra
        ));
    }
    words
}
