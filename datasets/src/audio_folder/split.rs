//! Which clip is for training, which for validation and which for testing.

use super::AudioFolderConfig;
use super::listing::{Listed, Listing};
use crate::DatasetError;
use crate::deal::{Dealing, deal, hold_out};
use crate::images::Split;
use crate::tables::shown;

/// The places of the clips of each split, sorted, and how they came there, in words.
pub(super) struct Dealt {
    pub(super) places: [Vec<usize>; 3],
    pub(super) words: String,
}

/// Deals the clips of a folder.
pub(super) fn dealt(config: &AudioFolderConfig, listing: &Listing) -> Result<Dealt, DatasetError> {
    let cards = listing.cards();
    let (valid, test) = (config.valid_fraction, config.test_fraction);
    let seed = config.seed;
    let percent = |share: f64| (share * 1000.0).round() / 10.0;
    let dealt = match test_clips(config, listing)? {
        Some((is_test, words)) => {
            let all = 0..listing.clips.len();
            let (tested, rest): (Vec<usize>, Vec<usize>) = all.partition(|place| is_test[*place]);
            let [train, held] = hold_out(&cards, &rest, valid, seed);
            Dealt {
                places: [train, held, tested],
                words: format!(
                    "{words} for testing, {} % of the others for validation with seed {seed}",
                    percent(valid)
                ),
            }
        }
        None => {
            let shares = [1.0 - valid - test, valid, test];
            let [train_share, valid_share, test_share] = shares.map(percent);
            let whole = match &config.group {
                Some(field) => format!(", every {field} whole,"),
                None => String::new(),
            };
            Dealt {
                places: deal(&cards, Dealing::Shares(shares), seed),
                words: format!(
                    "dealt {train_share}, {valid_share} and {test_share} %{whole} with seed {seed}"
                ),
            }
        }
    };
    check(listing, &dealt.places)?;
    Ok(dealt)
}

/// Whether each clip is for testing, where names say it, and which those are, in words.
fn test_clips(
    config: &AudioFolderConfig,
    listing: &Listing,
) -> Result<Option<(Vec<bool>, String)>, DatasetError> {
    if let Some(group) = &config.leave_out {
        let of = |clip: &Listed| listing.group_of(clip) == Some(&group[..]);
        let is_test: Vec<bool> = listing.clips.iter().map(of).collect();
        if !is_test.contains(&true) {
            return Err(unknown_group(listing, group));
        }
        let field = config.group.as_deref().unwrap_or("group");
        return Ok(Some((is_test, format!("{field} {group}"))));
    }
    let (Some(test), Some(pattern)) = (&config.test, config.names()?) else {
        return Ok(None);
    };
    let mut is_test = vec![true; listing.clips.len()];
    let mut words = Vec::with_capacity(test.len());
    for (field, values) in test {
        let place = pattern.field("test", field)?;
        for (is_test, clip) in is_test.iter_mut().zip(&listing.clips) {
            *is_test &= values.iter().any(|value| value.is(clip.field(place)));
        }
        words.push(format!("{} values of {field}", values.len()));
    }
    Ok(Some((is_test, words.join(" and "))))
}

/// What is wrong with a group that no clip belongs to.
fn unknown_group(listing: &Listing, group: &str) -> DatasetError {
    let mut groups: Vec<&str> = listing
        .clips
        .iter()
        .filter_map(|clip| listing.group_of(clip))
        .collect();
    groups.sort_unstable();
    groups.dedup();
    let nearest = groups.iter().max_by(|one, other| {
        let [one, other] = [one, other].map(|name| strsim::jaro_winkler(name, group));
        one.total_cmp(&other)
    });
    let expected = format!(
        "one of {} groups, such as {}",
        groups.len(),
        nearest.unwrap_or(&"")
    );
    DatasetError::setting("leave_out", expected, shown(group))
}

/// Whether training has every class, and every split a clip.
fn check(listing: &Listing, places: &[Vec<usize>; 3]) -> Result<(), DatasetError> {
    let untrained = (0..listing.classes.len()).find(|class| {
        let of_class = |place: &usize| usize::from(listing.clips[*place].class) == *class;
        !places[0].iter().any(of_class)
    });
    if let Some(class) = untrained {
        let name = &listing.classes[class];
        let expected = format!("a clip of class {name} for training");
        let all = listing.clips.iter();
        let count = all.filter(|clip| usize::from(clip.class) == class).count();
        let found = format!("{count} of them in all, the rest for validation and testing");
        return Err(DatasetError::malformed(&listing.root, expected, found));
    }
    let Some(empty) = places.iter().position(Vec::is_empty) else {
        return Ok(());
    };
    let [train, valid, test] = places.each_ref().map(Vec::len);
    let expected = format!("clips, or groups of them, for {} too", Split::THREE[empty]);
    let found = format!("{train} for training, {valid} for validation, {test} for testing");
    Err(DatasetError::malformed(&listing.root, expected, found))
}
