use std::path::Path;

use rstest::rstest;

use gcnn_models::ImageModelConfig;

use super::*;
use crate::training::optimizer::{SgdRule, UpdateRule};

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
    "run.toml:3:20: unknown value `b-splin`; did you mean `b-spline`? (valid: pixel, b-spline, hermite, siren, magnet)"
)]
#[case::key_of_the_other_network(
    "[model]\nkind = \"densenet\"\nchannels = [3]",
    "run.toml:3:1: unknown key `channels` in [model]; it belongs to kind = \"gcnn\" or \"wavelet\" (valid: group, growth, blocks, kernel, projection)"
)]
#[case::key_of_the_network_by_default(
    "[model]\ngrowth = 9",
    "run.toml:2:1: unknown key `growth` in [model]; it belongs to kind = \"densenet\" (valid: group, scale_range, channels,"
)]
#[case::image_kind(
    "[model]\nkind = \"dense\"",
    "run.toml:2:8: unknown value `dense`; did you mean `densenet`? (valid: gcnn, densenet, wavelet)"
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
    "[optimizer]\nkind = \"sgd\"\nnesterov = 1",
    "run.toml:3:12: expected true or false, found integer `1`"
)]
#[case::table("training = 3", "run.toml:1:12: `training` is 3, expected a table")]
#[case::zero(
    "[training]\n\nepochs = 0",
    "run.toml:3:1: `training.epochs` is 0, expected a whole number ≥ 1"
)]
#[case::range(
    "[schedule]\nfactor = 2.0\nkind = \"step\"",
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
    "run.toml:2:8: unknown value `n-body`; did you mean `nbody`? (valid: rotated-mnist, nuclei, pcam, image-folder, scaled-mnist, audio-folder, segmentation, nbody)"
)]
#[case::key_of_another_task(
    "task = \"nbody\"\n[augmentation]\nflip = true",
    "run.toml:3:1: unknown key `flip` in [augmentation]; it belongs to task = \"rotated-mnist\" or \"nuclei\" or \"pcam\" or \"image-folder\" or \"scaled-mnist\" or \"audio-folder\" or \"segmentation\" (valid: orthogonal, time_reversal)"
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
#[case::key_of_another_rule(
    "[optimizer]\nlr = 0.1\nmomentum = 0.9",
    "run.toml:3:1: unknown key `momentum` in [optimizer]; it belongs to kind = \"sgd\" (valid: lr, weight_decay, beta_1, beta_2, epsilon)"
)]
#[case::key_of_two_rules(
    "[optimizer]\nkind = \"sgd\"\nbeta_1 = 0.9",
    "run.toml:3:1: unknown key `beta_1` in [optimizer]; it belongs to kind = \"adam\" or \"adamw\" (valid: lr,"
)]
#[case::key_that_kinds_share(
    "[schedule]\nkind = \"step\"\nwarmup = 2",
    "run.toml:3:1: unknown key `warmup` in [schedule]; did you mean `warmup_epochs`? (valid: warmup_epochs, every, factor)"
)]
#[case::key_of_no_shape(
    "[schedule]\nfloor = 0.1",
    "run.toml:2:1: unknown key `floor` in [schedule]; it belongs to kind = \"cosine\" (valid: warmup_epochs)"
)]
#[case::key_of_other_edges(
    "task = \"nbody\"\ngraph = { edges = \"nearest\", radius = 2.0 }",
    "run.toml:2:30: unknown key `radius` in [graph]; it belongs to edges = \"radius\" (valid: neighbours)"
)]
#[case::value_of_a_rule(
    "[optimizer]\nkind = \"sgd\"\nmomentum = \"much\"",
    "run.toml:3:12: expected a number, found string \"much\""
)]
#[case::key_of_an_inner_table(
    "[model.kernel]\nbasis = \"b-spline\"\nordr = 2",
    "run.toml:3:1: unknown key `ordr` in [model.kernel]; did you mean `order`?"
)]
#[case::value_of_an_inner_table(
    "[model]\nkernel = { basis = \"b-spline\", order = \"two\" }",
    "run.toml:2:40: expected a whole number ≥ 0, found string \"two\""
)]
#[case::word(
    "[augmentation]\nrotation = 3",
    "run.toml:2:12: expected a text in quotes, found integer `3`"
)]
#[case::pattern_with_dots(
    "[finetune]\nfrom = \"a\"\nrates = { \"blocks.0\" = \"x\" }",
    "run.toml:3:24: expected a number, found string \"x\""
)]
#[case::key_without_a_name(
    "[finetune]\nfrom = \"a\"\nrates = { \"\" = \"x\" }",
    "run.toml:3:16: expected a number, found string \"x\""
)]
#[case::nothing_but_a_value("\"\" = 1", "run.toml:1:1: unknown key `` at the top of the file")]
#[case::kind_of_the_file(
    "[schedule]\nkind = 3",
    "run.toml:2:8: expected a text in quotes, found integer `3`"
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
#[case(
    "optimizer.momentum=0.5",
    "--set optimizer.momentum=0.5: unknown key `momentum` in [optimizer]; it belongs to kind = \"sgd\""
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
    let rule = UpdateRule::Sgd(SgdRule::default());
    assert_eq!((config.optimizer.lr, config.optimizer.rule), (0.01, rule));
    let Experiment::Images(own) = config.experiment else {
        panic!("another task");
    };
    let ImageModelConfig::Gcnn(model) = own.model else {
        panic!("another network");
    };
    assert_eq!(model.channels, [4; 6]);
    assert_eq!(config.device, "cuda:1");
}

/// What version 0.1 wrote of every run: all keys of all kinds.
const FORMER: &str = "task = \"nbody\"
[graph]
edges = \"nearest\"
neighbours = 3
radius = 2.5
[optimizer]
kind = \"adam\"
lr = 0.005
weight_decay = 0.1
beta_1 = 0.8
beta_2 = 0.99
epsilon = 0.00000001
momentum = 0.5
nesterov = true
[schedule]
kind = \"cosine\"
warmup_epochs = 1.0
every = 20
factor = 0.25
start = 0
floor = 0.1
patience = 10
";

#[test]
fn files_of_former_versions_read_as_what_they_meant() {
    let config = parse(FORMER, &[]).expect("what was written");
    let new = "task = \"nbody\"
        graph = { edges = \"nearest\", neighbours = 3 }
        optimizer = { lr = 0.005, weight_decay = 0.1, beta_1 = 0.8, beta_2 = 0.99 }
        schedule = { kind = \"cosine\", warmup_epochs = 1, floor = 0.1 }";
    assert_eq!(config, parse(new, &[]).expect("the new form"));
    // It is written in the new form, and may be changed as any other.
    let text = config.to_toml().expect("TOML");
    for key in ["momentum", "every", "radius"] {
        assert!(!text.contains(&format!("\n{key} =")), "{text}");
    }
    assert_eq!(parse(&text, &[]).expect("its own output"), config);
    let set = ["optimizer.kind=sgd", "schedule.kind=constant"];
    let sgd = parse(FORMER, &set).expect("what was written, changed");
    let rule = SgdRule {
        momentum: 0.5,
        nesterov: true,
    };
    assert_eq!(sgd.optimizer.rule, UpdateRule::Sgd(rule));
    assert_eq!(sgd.schedule.warmup_epochs, 1.0);
    // A key less, and somebody wrote it by hand.
    let text = FORMER.replace("beta_2 = 0.99\n", "");
    let error = parse(&text, &[]).expect_err("a hand's").to_string();
    assert_eq!(
        error,
        "run.toml:12:1: unknown key `momentum` in [optimizer]; it belongs to kind = \"sgd\" (valid: lr, weight_decay, beta_1, beta_2, epsilon)"
    );
}

#[test]
fn keys_that_do_nothing_are_noticed() {
    let file = |text: &str| RunFile::parse(text, Path::new("run.toml"), &[]).expect("valid");
    let smooth = "[training]\nlabel_smoothing = 0.1\n";
    assert_eq!(file(smooth).without_effect(), [""; 0]);
    assert_eq!(
        file(&format!("task = \"nbody\"\n{smooth}")).without_effect(),
        ["`training.label_smoothing` has no effect with task = \"nbody\""]
    );
    // What `gcnn config` writes asks for nothing that does nothing.
    let whole = file("task = \"nbody\"").into_config().to_toml();
    let whole = whole.expect("TOML");
    assert!(whole.contains("label_smoothing"));
    assert_eq!(file(&whole).without_effect(), [""; 0]);
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

/// The parser alone would take a list for a table, and a table for a name.
#[test]
fn tables_are_tables_and_values_are_values() {
    let refused = |text: &str| parse(text, &[]).expect_err(text).to_string();
    for (text, words) in [
        (
            "training = [1, 2]",
            "`training` is a list, expected a table",
        ),
        ("dataset = []", "`dataset` is a list, expected a table"),
        ("augmentation = 3", "`augmentation` is 3, expected a table"),
        (
            "[[training]]\nepochs = 3",
            "`training` is a list of tables, expected a table",
        ),
        (
            "[model]\nkernel = [\"b-spline\", 2]",
            "`model.kernel` is a list, expected a table",
        ),
        (
            "task = { nbody = {} }",
            "`task` is a table, expected a text",
        ),
        ("task = [\"nbody\"]", "`task` is a list, expected a text"),
        (
            "[dataset.source]\nbuilt-in = []",
            "`dataset.source` is a table, expected",
        ),
        (
            "[augmentation]\nrotation = { continuous = {} }",
            "`augmentation.rotation` is a table, expected",
        ),
        (
            "task = \"nbody\"\ngraph = [\"all\"]",
            "`graph` is a list, expected a table",
        ),
    ] {
        let error = refused(text);
        assert!(error.contains(words), "{text}: {error}");
        assert!(error.starts_with("run.toml:"), "{error}");
    }
    let error = parse("", &["training=[1]"])
        .expect_err("a list")
        .to_string();
    assert!(
        error.contains("--set") && error.contains("a list"),
        "{error}"
    );
}

#[test]
fn what_no_run_can_do_is_refused_where_it_stands() {
    let error = parse("output = \"\"", &[])
        .expect_err("no folder")
        .to_string();
    assert!(
        error.starts_with("run.toml:1:1: `output` is \"\", expected a folder"),
        "{error}"
    );
    let error = parse("[model]\ndropout = 1.5", &[])
        .expect_err("too much")
        .to_string();
    assert!(
        error.starts_with("run.toml:2:1: `model.dropout` is 1.5, expected"),
        "{error}"
    );
    // Tables are made one within the other.
    let deep = format!("{}b=1", "a.".repeat(20_000));
    let error = parse("", &[&deep]).expect_err("too deep").to_string();
    assert!(error.contains("16 parts") && error.len() < 200, "{error}");
}
