//! Pictures in splits.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

const SHARES: Dealing = Dealing::Shares([0.7, 0.15, 0.15]);

/// So many pictures of each class.
fn names(counts: &[usize]) -> Vec<(String, u8)> {
    let classes = counts.iter().enumerate();
    classes
        .flat_map(|(class, count)| {
            (0..*count).map(move |number| (format!("{class}/{number}.png"), class as u8))
        })
        .collect()
}

fn cards(names: &[(String, u8)]) -> Vec<Card<'_>> {
    names
        .iter()
        .map(|(name, class)| Card {
            name,
            class: *class,
            group: None,
        })
        .collect()
}

fn count(cards: &[Card], split: &[usize], class: u8) -> usize {
    split
        .iter()
        .filter(|place| cards[**place].class == class)
        .count()
}

#[test]
fn every_class_is_in_every_split_within_one_picture_of_its_share() {
    let counts = [200, 67, 40, 13, 7, 10];
    let names = names(&counts);
    let cards = cards(&names);
    for shares in [[0.7, 0.15, 0.15], [0.5, 0.3, 0.2], [0.9, 0.05, 0.05]] {
        let dealt = deal(&cards, Dealing::Shares(shares), 3);
        let mut all = dealt.concat();
        all.sort_unstable();
        assert_eq!(all, (0..cards.len()).collect::<Vec<_>>());
        for (split, share) in dealt.iter().zip(shares) {
            for (class, of_class) in counts.iter().enumerate() {
                let found = count(&cards, split, class as u8) as f64;
                let expected = share * *of_class as f64;
                assert!((found - expected).abs() < 1.0, "{found} of {expected}");
            }
            let expected = share * cards.len() as f64;
            assert!(
                (split.len() as f64 - expected).abs() < 1.5,
                "{}",
                split.len()
            );
        }
    }
}

#[test]
fn small_classes_are_in_training_and_together_in_the_other_splits_too() {
    let names = names(&[3; 100]);
    let cards = cards(&names);
    let dealt = deal(&cards, SHARES, 0);
    assert_eq!(dealt.each_ref().map(Vec::len), [210, 45, 45]);
    for class in 0..100 {
        assert!(count(&cards, &dealt[0], class) >= 2);
    }
    let single = self::names(&[1, 1, 30]);
    let single = self::cards(&single);
    let dealt = deal(&single, SHARES, 0);
    assert!((0..2).all(|class| count(&single, &dealt[0], class) == 1));
}

#[test]
fn the_split_depends_on_names_and_seed_and_not_on_the_order() {
    let names = names(&[20, 30]);
    let mut cards = cards(&names);
    let named = |cards: &[Card], seed| {
        deal(cards, SHARES, seed).map(|split| {
            let names = split.into_iter().map(|place| cards[place].name.to_string());
            names.collect::<BTreeSet<_>>()
        })
    };
    let before = named(&cards, 1);
    cards.reverse();
    cards.swap(3, 17);
    assert_eq!(named(&cards, 1), before);
    assert_ne!(named(&cards, 2), before);
    let as_groups: Vec<(String, Card)> = cards
        .iter()
        .map(|card| (card.name.replace("0.png", "1.png"), *card))
        .collect();
    let mut grouped: Vec<Card> = as_groups
        .iter()
        .map(|(group, card)| Card {
            group: Some(group),
            ..*card
        })
        .collect();
    let before = named(&grouped, 1);
    grouped.reverse();
    assert_eq!(named(&grouped, 1), before);
}

#[test]
fn folds_have_every_picture_once_as_test() {
    let names = names(&[23, 41, 5]);
    let cards = cards(&names);
    let mut seen = Vec::new();
    for fold in 0..5 {
        let [train, valid, test] = deal(&cards, Dealing::Fold { fold, folds: 5 }, 7);
        let mut all = [&train[..], &valid, &test].concat();
        all.sort_unstable();
        assert_eq!(all, (0..cards.len()).collect::<Vec<_>>());
        assert!((13..=15).contains(&test.len()), "{}", test.len());
        assert!(valid.len().abs_diff(10) <= 1, "{}", valid.len());
        for (class, of_class) in [23.0, 41.0, 5.0].into_iter().enumerate() {
            let found = count(&cards, &test, class as u8) as f64;
            assert!((found - of_class / 5.0).abs() < 1.0);
            assert!(count(&cards, &train, class as u8) > 0);
        }
        seen.extend(test);
    }
    seen.sort_unstable();
    assert_eq!(seen, (0..cards.len()).collect::<Vec<_>>());
}

/// Forty patients of two to seven pictures in three classes, some of them in one alone.
fn patients() -> Vec<(String, u8, String)> {
    let mut pictures = Vec::new();
    for patient in 0..40usize {
        for number in 0..2 + patient % 6 {
            let class = if patient % 3 == 0 {
                0
            } else {
                (patient + number) % 3
            };
            let name = format!("{patient}_{number}.png");
            pictures.push((name, class as u8, format!("patient {patient}")));
        }
    }
    pictures
}

fn patients_cards(pictures: &[(String, u8, String)]) -> Vec<Card<'_>> {
    pictures
        .iter()
        .map(|(name, class, group)| Card {
            name,
            class: *class,
            group: Some(group),
        })
        .collect()
}

/// The splits that each group is in.
fn splits_of_groups<'a>(
    cards: &[Card<'a>],
    dealt: &[Vec<usize>; 3],
) -> BTreeMap<&'a str, BTreeSet<usize>> {
    let mut found: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    for (split, places) in dealt.iter().enumerate() {
        for place in places {
            let group = cards[*place].group.unwrap_or_default();
            found.entry(group).or_default().insert(split);
        }
    }
    found
}

#[test]
fn groups_stay_whole_and_classes_nearly_in_proportion() {
    let pictures = patients();
    let cards = patients_cards(&pictures);
    for seed in 0..20 {
        let dealt = deal(&cards, SHARES, seed);
        assert_eq!(dealt.iter().map(Vec::len).sum::<usize>(), cards.len());
        let groups = splits_of_groups(&cards, &dealt);
        assert_eq!(groups.len(), 40);
        assert!(groups.values().all(|splits| splits.len() == 1));
        for class in 0..3 {
            let all: Vec<usize> = (0..cards.len()).collect();
            let of_class = count(&cards, &all, class) as f64;
            for (split, share) in dealt.iter().zip([0.7, 0.15, 0.15]) {
                let found = count(&cards, split, class) as f64 / of_class;
                assert!(
                    (found - share).abs() < 0.07,
                    "class {class}: {found} of {share}"
                );
            }
        }
    }
    let mut tested = BTreeSet::new();
    for fold in 0..4 {
        let dealt = deal(&cards, Dealing::Fold { fold, folds: 4 }, 0);
        let groups = splits_of_groups(&cards, &dealt);
        assert!(groups.values().all(|splits| splits.len() == 1));
        for (group, splits) in groups {
            assert!(!splits.contains(&2) || tested.insert(group), "{group}");
        }
    }
    assert_eq!(tested.len(), 40);
}

#[test]
fn few_groups_fill_all_splits_and_the_only_one_of_a_class_is_for_training() {
    let pictures: Vec<(String, u8, String)> = (0..30)
        .map(|number| {
            (
                format!("{number}"),
                (number % 2) as u8,
                format!("{}", number / 10),
            )
        })
        .collect();
    let dealt = deal(&patients_cards(&pictures), SHARES, 0);
    assert_eq!(dealt.map(|split| split.len()), [10; 3]);

    let mut pictures = patients();
    pictures.push(("rare".into(), 3, "patient 40".into()));
    let cards = patients_cards(&pictures);
    for seed in 0..10 {
        assert_eq!(count(&cards, &deal(&cards, SHARES, seed)[0], 3), 1);
    }
}

#[test]
fn nothing_is_dealt_too() {
    assert_eq!(deal(&[], SHARES, 0), <[Vec<usize>; 3]>::default());
    let fold = Dealing::Fold { fold: 1, folds: 2 };
    assert_eq!(deal(&[], fold, 0), <[Vec<usize>; 3]>::default());
}
