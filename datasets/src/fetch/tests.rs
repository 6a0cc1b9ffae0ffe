//! Downloads from a server on this machine that behaves and misbehaves on request.

use std::collections::HashMap;
use std::net::{TcpListener, TcpStream};
use std::thread;

use flate2::{Compression, write::GzEncoder};
use rstest::rstest;

use super::*;
use crate::testing::given;

/// Two files and the sums of their unpacked contents.
const REMOTES: [Remote; 2] = [
    Remote::content(
        "images",
        "05c502e3fd8ea9e436a0d899b74e80d57151fa174b238f3ae79f76314812792e",
    ),
    Remote::content(
        "labels",
        "d79231146fc85c797befa6502c4de3fe3666a3dcd3613d0c9593493e5cc93445",
    ),
];
const CONTENTS: [&str; 2] = ["seven eight nine", "7 8 9"];

/// What the server answers for a path.
#[derive(Clone)]
enum Answer {
    File(Vec<u8>),
    /// States the whole length and closes the connection half way.
    HalfOf(Vec<u8>),
    NotFound,
}

fn gzipped(content: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// Starts a server and returns its address. It answers until the test's process ends.
fn serve(answers: Vec<(&'static str, Answer)>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let answers: HashMap<_, _> = answers.into_iter().collect();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A client that goes away early is one of the cases.
            let _ = answer(stream, &answers);
        }
    });
    address
}

fn answer(mut stream: TcpStream, answers: &HashMap<&str, Answer>) -> io::Result<()> {
    let mut request = Vec::new();
    let mut chunk = [0; 1024];
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read(&mut chunk)? {
            0 => return Ok(()),
            count => request.extend_from_slice(&chunk[..count]),
        }
    }
    let request = String::from_utf8_lossy(&request).into_owned();
    let path = request.split(' ').nth(1).unwrap_or_default();
    let (status, stated, body) = match answers.get(path).cloned().unwrap_or(Answer::NotFound) {
        Answer::File(body) => ("200 OK", body.len(), body),
        Answer::HalfOf(body) => ("200 OK", body.len(), body[..body.len() / 2].to_vec()),
        Answer::NotFound => ("404 Not Found", 0, Vec::new()),
    };
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Length: {stated}\r\nConnection: close\r\n\r\n"
    )?;
    stream.write_all(&body)
}

fn good() -> String {
    serve(vec![
        ("/d/images.gz", Answer::File(gzipped(CONTENTS[0]))),
        ("/d/labels.gz", Answer::File(gzipped(CONTENTS[1]))),
    ]) + "/d/"
}

fn files_in(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn files_arrive_once_and_progress_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("new").join("mnist");
    let mut seen = Vec::new();
    let mut progress =
        |step: Progress<'_>| seen.push((step.file.to_string(), step.received, step.total));
    let fetched = fetch(&REMOTES, &target, &[good()], &mut progress).unwrap();
    let paths = ["images.gz", "labels.gz"].map(|name| target.join(name));
    assert_eq!(fetched, paths.clone().map(Fetched::Downloaded));
    assert_eq!(files_in(&target), ["images.gz", "labels.gz"]);
    let size = gzipped(CONTENTS[0]).len() as u64;
    assert_eq!(seen.first(), Some(&("images".into(), 0, Some(size))));
    assert!(seen.contains(&("images".into(), size, Some(size))));

    // The second time there is nothing to do, and no server is needed.
    let fetched = fetch::<&str>(&REMOTES, &target, &[], &mut |_| ()).unwrap();
    assert_eq!(fetched, paths.map(Fetched::Present));
}

#[rstest]
#[case::not_found(Answer::NotFound, "404")]
#[case::truncated(Answer::HalfOf(gzipped(CONTENTS[0])), "images.gz")]
#[case::other_content(Answer::File(gzipped("six")), "SHA-256")]
#[case::damaged_gzip(Answer::File(gzipped(CONTENTS[0])[..20].to_vec()), "intact gzip data")]
#[case::error_page(Answer::File(b"<html>sorry</html>".to_vec()), "SHA-256")]
fn a_bad_mirror_is_reported_and_the_next_one_is_tried(#[case] bad: Answer, #[case] message: &str) {
    let folder = tempfile::tempdir().unwrap();
    let bad = serve(vec![("/images.gz", bad)]);
    let error = fetch(&REMOTES, folder.path(), &[&bad], &mut |_| ())
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("images could not be downloaded") && error.contains(&bad),
        "{error}"
    );
    assert!(error.contains(message), "{error}");
    // Nothing is left over from what failed.
    assert!(files_in(folder.path()).is_empty());

    let fetched = fetch(&REMOTES, folder.path(), &[bad, good()], &mut |_| ()).unwrap();
    assert!(
        fetched
            .iter()
            .all(|file| matches!(file, Fetched::Downloaded(_)))
    );
    assert_eq!(files_in(folder.path()), ["images.gz", "labels.gz"]);
}

#[test]
fn servers_that_are_not_there_are_reported() {
    let folder = tempfile::tempdir().unwrap();
    // A port that was free a moment ago and where nobody listens now.
    let nobody = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let mirrors = [format!("http://{nobody}"), "no address".to_string()];
    let error = fetch(&REMOTES, folder.path(), &mirrors, &mut |_| ())
        .unwrap_err()
        .to_string();
    assert_eq!(error.lines().count(), 3, "{error}");
    let error = fetch::<&str>(&REMOTES, folder.path(), &[], &mut |_| ())
        .unwrap_err()
        .to_string();
    assert!(error.contains("no mirror was given"), "{error}");
}

#[test]
fn a_damaged_download_is_replaced_and_a_file_of_the_user_is_not() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("images.gz"), b"half a file").unwrap();
    // What a download that was killed has left goes, too.
    fs::write(folder.path().join(".images.gz.part-1"), b"half a file").unwrap();
    fetch(&REMOTES, folder.path(), &[good()], &mut |_| ()).unwrap();
    assert_eq!(
        fs::read(folder.path().join("images.gz")).unwrap(),
        gzipped(CONTENTS[0])
    );
    assert_eq!(files_in(folder.path()), ["images.gz", "labels.gz"]);

    fs::remove_file(folder.path().join("images.gz")).unwrap();
    fs::write(folder.path().join("images"), b"mine").unwrap();
    let error = fetch(&REMOTES, folder.path(), &[good()], &mut |_| ())
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("images: expected content with the SHA-256"),
        "{error}"
    );
    assert_eq!(fs::read(folder.path().join("images")).unwrap(), b"mine");
    // With the right content it is as good as a download.
    fs::write(folder.path().join("images"), CONTENTS[0]).unwrap();
    let fetched = fetch(&REMOTES, folder.path(), &[good()], &mut |_| ()).unwrap();
    assert_eq!(fetched[0], Fetched::Present(folder.path().join("images")));
}

/// The sums of MNIST's files are right: checked where the files are.
#[test]
fn mnist_has_the_sums_that_are_compared() {
    let find = |data: PathBuf| -> Option<Vec<PathBuf>> {
        let places = [data.clone(), data.join("mnist")];
        let file = |remote: &Remote| {
            places
                .iter()
                .find_map(|folder| digits::file(folder, remote.name).ok())
        };
        MNIST_FILES.iter().map(file).collect()
    };
    for (file, remote) in given("MNIST", find).into_iter().flatten().zip(MNIST_FILES) {
        check(&file, remote).unwrap();
    }
}

#[test]
fn packed_files_are_checked_as_they_are_served() {
    // The MD5 of the bytes "abc" (RFC 1321).
    let remote = Remote::packed("patches.h5", "900150983cd24fb0d6963f7d28e17f72");
    let folder = tempfile::tempdir().unwrap();
    let fetch = |body: &[u8]| {
        let server = serve(vec![("/patches.h5.gz", Answer::File(body.to_vec()))]);
        fetch(&[remote], folder.path(), &[server], &mut |_| {})
    };
    let error = fetch(b"abd").unwrap_err().to_string();
    assert!(
        error.contains("expected a file with the MD5 900150983cd24fb0"),
        "{error}"
    );
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    let packed = folder.path().join("patches.h5.gz");
    assert_eq!(
        fetch(b"abc").unwrap(),
        [Fetched::Downloaded(packed.clone())]
    );
    assert_eq!(fetch(b"").unwrap(), [Fetched::Present(packed)]);
    let plain = folder.path().join("patches.h5");
    fs::write(&plain, b"unpacked").unwrap();
    assert_eq!(fetch(b"").unwrap(), [Fetched::Present(plain)]);
}
