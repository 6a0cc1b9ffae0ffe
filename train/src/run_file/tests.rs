use std::collections::BTreeSet;
use std::path::Path;

use rstest::rstest;
use serde::de::{DeserializeOwned, Deserializer, Visitor};
use serde::forward_to_deserialize_any;

use gcnn_datasets::{
    Augmentation, ImageFolderConfig, NBodyAugmentation, NBodyConfig, NucleiConfig, PcamConfig,
    RotatedMnistConfig,
};
use gcnn_models::points::{
    DynamicsConfig, EgnnConfig, LinearDynamicsConfig, NeighbourhoodConfig, NmpConfig,
    RadialFieldConfig, Se3TransformerConfig, SeConvConfig, SegnnDynamicsConfig,
    TensorFieldNetworkConfig,
};
use gcnn_models::{GcnnConfig, GroupDenseNetConfig, ImageModelConfig};

use super::*;

fn parse(text: &str, set: &[&str]) -> Result<RunConfig, ConfigError> {
    let set: Vec<String> = set.iter().map(|s| s.to_string()).collect();
    RunConfig::parse(text, Path::new("run.toml"), &set)
}

#[test]
fn an_empty_file_is_the_defaults() {
    assert_eq!(
        parse("", &[]).expect("no key is required"),
        RunConfig::default()
    );
}

#[test]
fn what_is_written_reads_as_the_same() {
    let config = parse(
        "seed = 7\n[model]\ngroup = \"D4\"\n[optimizer]\nkind = \"sgd\"\nlr = 0.1\n[dataset]\nsource = \"built-in\"",
        &["training.epochs=3", "output=some/where", "schedule.kind=cosine"],
    )
    .expect("a valid file");
    let text = config.to_toml().expect("TOML");
    assert_eq!(parse(&text, &[]).expect("its own output"), config);
}

#[test]
fn the_explanation_is_a_run_file_of_the_defaults() {
    for task in TaskName::ALL {
        let text = keys::explain(task).expect("text");
        assert_eq!(parse(&text, &[]).expect("a run file"), RunConfig::new(task));
        for key in keys::of(task) {
            assert!(text.contains(key.doc), "{} is not explained", key.name);
        }
    }
}

#[rstest]
#[case::unknown_key(
    "[training]\nepoch = 3",
    "run.toml:2:1: unknown key `epoch` in [training]; did you mean `epochs`?"
)]
#[case::unknown_section(
    "\n[trainin]\nepochs = 3",
    "run.toml:2:2: unknown key `trainin` at the top of the file; did you mean `training`?"
)]
#[case::misplaced(
    "epochs = 3",
    "run.toml:1:1: unknown key `epochs` at the top of the file; did you mean `training.epochs`?"
)]
#[case::inline(
    "optimizer = { learning_rate = 1.0 }",
    "run.toml:1:15: unknown key `learning_rate`"
)]
#[case::model(
    "[model]\nkernel_size = [3]",
    "run.toml:2:1: unknown key `kernel_size` in [model]; did you mean `kernel_sizes`?"
)]
#[case::model_in_a_line(
    "model = { group = \"C4\", kernel_size = [3] }",
    "run.toml:1:25: unknown key `kernel_size` in [model]; did you mean `kernel_sizes`?"
)]
#[case::value_in_a_line(
    "model = { dropout = \"much\" }",
    "run.toml:1:21: expected a number, found string \"much\""
)]
#[case::inner_table(
    "[model]\ngroup = \"C8\"\nkernel = { basis = \"b-splin\" }",
    "run.toml:3:10: unknown value `b-splin`; did you mean `b-spline`?"
)]
#[case::key_of_the_other_network(
    "[model]\nkind = \"densenet\"\nchannels = [3]",
    "run.toml:3:1: unknown key `channels` in [model] (valid: group, growth, blocks, kernel, projection)"
)]
#[case::key_of_the_network_by_default(
    "[model]\ngrowth = 9",
    "run.toml:2:1: unknown key `growth` in [model]"
)]
#[case::image_kind(
    "[model]\nkind = \"dense\"",
    "run.toml:2:8: unknown value `dense`; did you mean `densenet`? (valid: gcnn, densenet)"
)]
#[case::dataset(
    "[dataset]\nfolder = \"x\"",
    "run.toml:2:1: unknown key `folder` in [dataset]"
)]
#[case::value(
    "[optimizer]\nkind = \"adan\"",
    "run.toml:2:8: unknown value `adan`; did you mean `adam`? (valid: adam, adamw, sgd)"
)]
#[case::integer(
    "# seed\nseed = \"x\"",
    "run.toml:2:8: expected a whole number ≥ 0, found string \"x\""
)]
#[case::negative(
    "seed = -1",
    "run.toml:1:8: expected a whole number ≥ 0, found integer `-1`"
)]
#[case::number(
    "[optimizer]\nlr = \"a\"",
    "run.toml:2:6: expected a number, found string \"a\""
)]
#[case::boolean(
    "[optimizer]\nnesterov = 1",
    "run.toml:2:12: expected true or false, found integer `1`"
)]
#[case::table("training = 3", "run.toml:1:12: expected a table, found integer `3`")]
#[case::zero(
    "[training]\n\nepochs = 0",
    "run.toml:3:1: `training.epochs` is 0, expected a whole number ≥ 1"
)]
#[case::range(
    "[schedule]\nfactor = 2.0",
    "run.toml:2:1: `schedule.factor` is 2, expected a number in (0, 1]"
)]
#[case::nan(
    "[optimizer]\nlr = nan",
    "run.toml:2:1: `optimizer.lr` is NaN, expected a number > 0"
)]
#[case::device(
    "device = \"gpu\"",
    "run.toml:1:1: `device` is \"gpu\", expected auto, flex,"
)]
#[case::devices(
    "devices = [\"cuda\", \"flex\", \"cuda:0\"]",
    "run.toml:1:1: `devices` is \"cuda:0\", a device that is named already, expected different devices"
)]
#[case::group(
    "[model]\ngroup = \"Q8\"",
    "run.toml:2:9: there is no group named \"Q8\""
)]
#[case::task(
    "seed = 1\ntask = \"n-body\"",
    "run.toml:2:8: unknown value `n-body`; did you mean `nbody`? (valid: rotated-mnist, nuclei, pcam, image-folder, nbody)"
)]
#[case::key_of_another_task(
    "task = \"nbody\"\n[augmentation]\nflip = true",
    "run.toml:3:1: unknown key `flip` in [augmentation] (valid: orthogonal, time_reversal)"
)]
#[case::kind(
    "task = \"nbody\"\n[model]\nkind = \"egn\"",
    "run.toml:3:8: unknown value `egn`; did you mean `egnn`?"
)]
#[case::key_of_a_kind(
    "task = \"nbody\"\n[model]\nkind = \"egnn\"\nlayer = 3",
    "run.toml:4:1: unknown key `layer` in [model]; did you mean `layers`? (valid: hidden, layers, tanh, norm_diff)"
)]
#[case::value_of_a_kind(
    "task = \"nbody\"\n[model]\nkind = \"egnn\"\nlayers = 0",
    "run.toml:4:1: `model.layers` is 0, expected 1 to 1000"
)]
#[case::irreps(
    "task = \"nbody\"\n[model]\nkind = \"segnn\"\nhidden = \"32x0e+32x1q\"",
    "run.toml:4:10: "
)]
#[case::graph(
    "task = \"nbody\"\n[graph]\nedges = \"near\"",
    "run.toml:3:9: unknown value `near`; did you mean `nearest`?"
)]
#[case::syntax("[optimizer\n", "run.toml:1:11: unclosed table")]
#[case::twice("seed = 1\nseed = 2", "run.toml:2:1: duplicate key")]
fn a_wrong_file_is_told_where_and_what(#[case] text: &str, #[case] expected: &str) {
    let error = parse(text, &[]).expect_err("a wrong file").to_string();
    assert!(
        error.starts_with(expected),
        "{error}\ndoes not start with\n{expected}"
    );
}

#[rstest]
#[case(
    "training.epoch=3",
    "--set training.epoch=3: unknown key `epoch` in [training]; did you mean `epochs`?"
)]
#[case(
    "trainin.epochs=3",
    "--set trainin.epochs=3: unknown key `trainin` at the top of the file; did you mean `training`?"
)]
#[case(
    "epochs=3",
    "--set epochs=3: unknown key `epochs` at the top of the file; did you mean `training.epochs`?"
)]
#[case(
    "training.epochs=many",
    "--set training.epochs=many: expected a whole number ≥ 0, found string \"many\""
)]
#[case(
    "training.epochs=0",
    "--set training.epochs=0: `training.epochs` is 0, expected a whole number ≥ 1"
)]
#[case(
    "optimizer.kind=adan",
    "--set optimizer.kind=adan: unknown value `adan`; did you mean `adam`?"
)]
#[case("seed.x=2", "--set seed.x=2: `seed` is 3, it has no key `x`")]
#[case("seed", "--set seed: expected section.key=value")]
#[case("=3", "--set =3: the key is empty")]
fn a_wrong_override_is_named(#[case] set: &str, #[case] expected: &str) {
    let error = parse("", &["seed=3", set])
        .expect_err("a wrong override")
        .to_string();
    assert!(
        error.starts_with(expected),
        "{error}\ndoes not start with\n{expected}"
    );
}

#[test]
fn overrides_win_over_the_file_and_the_last_over_the_first() {
    let config = parse(
        "seed = 1\n[training]\nepochs = 5",
        &[
            "training.epochs=6",
            "training.epochs = 7",
            "optimizer.lr=1e-2",
            "optimizer.kind=sgd",
            "model.channels=[4, 4, 4, 4, 4, 4]",
            "device=\"cuda:1\"",
        ],
    )
    .expect("valid overrides");
    assert_eq!((config.seed, config.training.epochs), (1, 7));
    assert_eq!(
        (config.optimizer.lr, config.optimizer.kind),
        (0.01, OptimizerKind::Sgd)
    );
    let Experiment::Images(own) = config.experiment else {
        panic!("another task");
    };
    let ImageModelConfig::Gcnn(model) = own.model else {
        panic!("another network");
    };
    assert_eq!(model.channels, [4; 6]);
    assert_eq!(config.device, "cuda:1");
}

#[test]
fn keys_that_do_nothing_are_noticed() {
    let text = "[optimizer]\nmomentum = 0.5\nbeta_1 = 0.8";
    let config = parse(text, &[]).expect("valid");
    let notes = config.without_effect(text, &["schedule.floor=0.1".into()]);
    assert_eq!(
        notes,
        [
            "`optimizer.momentum` has no effect with optimizer.kind = \"adam\"",
            "`schedule.floor` has no effect with schedule.kind = \"constant\""
        ]
    );
}

/// The field names of a struct that serde reads.
fn fields<T: DeserializeOwned>() -> Vec<String> {
    struct Probe<'a>(&'a mut Vec<String>);
    impl<'de> Deserializer<'de> for Probe<'_> {
        type Error = serde::de::value::Error;
        fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
            Err(serde::de::Error::custom("only structs"))
        }
        fn deserialize_struct<V: Visitor<'de>>(
            self,
            _name: &'static str,
            fields: &'static [&'static str],
            _visitor: V,
        ) -> Result<V::Value, Self::Error> {
            self.0.extend(fields.iter().map(|f| f.to_string()));
            Err(serde::de::Error::custom("seen enough"))
        }
        forward_to_deserialize_any! {
            bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
            unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
        }
    }
    let mut names = Vec::new();
    let stopped = T::deserialize(Probe(&mut names));
    assert!(stopped.is_err());
    names
}

/// The keys of a run file of type `F` with these tables.
fn names<F: DeserializeOwned>(tables: &[(&str, Vec<String>)]) -> BTreeSet<String> {
    let mut names: BTreeSet<String> = fields::<F>().into_iter().collect();
    let shared = [
        ("finetune", fields::<FinetuneConfig>()),
        ("optimizer", fields::<OptimizerConfig>()),
        ("schedule", fields::<ScheduleConfig>()),
        ("training", fields::<TrainingConfig>()),
    ];
    for (section, fields) in tables.iter().chain(&shared) {
        assert!(names.remove(*section), "[{section}] is no section");
        names.extend(fields.iter().map(|f| format!("{section}.{f}")));
    }
    names
}

#[test]
fn every_key_is_in_the_table_once() {
    // The fields of all kinds of network that a file can hold, and the key that chooses among them.
    let mut image_model = [fields::<GcnnConfig>(), fields::<GroupDenseNetConfig>()].concat();
    image_model.push("kind".into());
    let with_images = |dataset| {
        [
            ("dataset", dataset),
            ("model", image_model.clone()),
            ("augmentation", fields::<Augmentation>()),
        ]
    };
    let digits = names::<experiment::ImageFile<RotatedMnistConfig>>(&with_images(fields::<
        RotatedMnistConfig,
    >()));
    let nuclei =
        names::<experiment::ImageFile<NucleiConfig>>(&with_images(fields::<NucleiConfig>()));
    let pcam = names::<experiment::ImageFile<PcamConfig>>(&with_images(fields::<PcamConfig>()));
    let folders = names::<experiment::ImageFile<ImageFolderConfig>>(&with_images(fields::<
        ImageFolderConfig,
    >()));
    let kinds = [
        fields::<LinearDynamicsConfig>(),
        fields::<NmpConfig>(),
        fields::<RadialFieldConfig>(),
        fields::<EgnnConfig>(),
        fields::<TensorFieldNetworkConfig>(),
        fields::<Se3TransformerConfig>(),
        fields::<SeConvConfig>(),
        fields::<SegnnDynamicsConfig>(),
    ];
    assert_eq!(kinds.len(), DynamicsConfig::all().len());
    let mut model = kinds.concat();
    model.push("kind".into());
    let particles = names::<experiment::ParticleFile>(&[
        ("dataset", fields::<NBodyConfig>()),
        ("graph", fields::<NeighbourhoodConfig>()),
        ("model", model),
        ("augmentation", fields::<NBodyAugmentation>()),
    ]);
    for (task, expected) in [
        (TaskName::RotatedMnist, digits),
        (TaskName::Nuclei, nuclei),
        (TaskName::Pcam, pcam),
        (TaskName::ImageFolder, folders),
        (TaskName::NBody, particles),
    ] {
        let found: BTreeSet<String> = keys::of(task).map(|k| k.name.to_string()).collect();
        assert_eq!(found, expected);
        assert_eq!(found.len(), keys::of(task).count());
    }
}

#[test]
fn the_table_knows_which_kinds_of_network_have_a_key() {
    for config in DynamicsConfig::all() {
        let kind = config.kind();
        let written = toml::Table::try_from(&config).expect("a table");
        for key in keys::NBODY.iter().filter(|k| k.name.starts_with("model.")) {
            let leaf = key.name.trim_start_matches("model.");
            let told = key.with.is_empty() || key.with.contains(&kind);
            assert_eq!(written.contains_key(leaf), told, "{kind} and {leaf}");
        }
    }
    for config in ImageModelConfig::all() {
        let kind = config.kind();
        let written = toml::Table::try_from(&config).expect("a table");
        for key in keys::IMAGES.iter().filter(|k| k.name.starts_with("model.")) {
            let leaf = key.name.trim_start_matches("model.");
            let told = key.with.is_empty() || key.with.contains(&kind);
            assert_eq!(written.contains_key(leaf), told, "{kind} and {leaf}");
        }
    }
}

/// A folder may be called like a number, and a number is still one where a number is meant.
#[test]
fn an_override_is_a_text_where_a_text_is_meant() {
    let set = |text: &str| {
        let set = ["task=image-folder", text].map(String::from);
        RunConfig::parse("", "run.toml".as_ref(), &set)
    };
    for name in ["2018", "1e5", "true", "2018-01-01", "[a]"] {
        let run = set(&format!("dataset.path={name}")).expect("a path");
        let text = run.to_toml().expect("TOML");
        assert!(text.contains(&format!("path = \"{name}\"")), "{text}");
    }
    assert_eq!(
        set("training.epochs=7").expect("a number").training.epochs,
        7
    );
    let error = set("training.epochs=many")
        .expect_err("no number")
        .to_string();
    assert!(error.contains("training.epochs=many"), "{error}");
    // An error speaks of what was typed.
    let error = set("training.epochs=-3").expect_err("no count").to_string();
    assert!(error.contains("-3") && !error.contains("string"), "{error}");
}
