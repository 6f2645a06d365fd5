//! Builds the field app (`server/web`) into `OUT_DIR` and writes the table of its files that `src/web` embeds.
//!
//! `npm ci` where `node_modules` does not fit the lock file, then Vite, then each file compressed twice (brotli, gzip).
//! Without Node a debug build gets one page that says what to install; a release build stops: nobody shall install a hub
//! without its app by accident. Asks the network for nothing but npm's packages. How files are served: `src/web`.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, exit};

use sha2::{Digest, Sha256};

/// The oldest Node with which Vite runs: major, minor.
const NODE: (u32, u32) = (20, 19);
/// Of Node 22, which Vite takes too, the oldest minor.
const NODE_22_MINOR: u32 = 12;
/// Written into `node_modules` after an installation: the hash of the lock file that it was made from.
const STAMP: &str = ".segin-installed";
/// What lies in `server/web` and is not built from.
const NOT_SOURCES: [&str; 3] = ["dist", "node_modules", "test"];
/// A compressed form that saves less than one part of so many is not worth a second copy (pictures).
const WORTH: usize = 20;

fn main() {
    let top = path_of("CARGO_MANIFEST_DIR").parent().map(Path::to_path_buf).unwrap_or_default();
    let out = path_of("OUT_DIR");
    watch(&top);
    let web = out.join("web");
    match node() {
        Ok(()) => {
            install(&top);
            run(
                npm().args(["run", "build", "--workspace", "server/web"]).current_dir(&top),
                &[("SEGIN_WEB_OUT", &web.to_string_lossy()), ("NODE_ENV", "production")],
            );
        }
        Err(reason) => {
            // A file that never is there: cargo asks again at every build, until Node has come.
            println!("cargo:rerun-if-changed={}", out.join("node-is-missing").display());
            if std::env::var("PROFILE").as_deref() == Ok("release") {
                stop(&format!(
                    "{reason}.\nA release holds the field app, which is built with Node. Install Node {}.{} or newer with \
                     npm (https://nodejs.org, or the packages 'nodejs' and 'npm' of your system) and build again.",
                    NODE.0, NODE.1
                ));
            }
            println!("cargo:warning={reason}: this build serves no field app, only a page that says so");
            let _ = fs::remove_dir_all(&web);
            fs::create_dir_all(&web).expect("OUT_DIR can be written");
            fs::write(web.join("index.html"), instead(&reason)).expect("OUT_DIR can be written");
        }
    }
    embed(&web, &out);
}

fn path_of(name: &str) -> PathBuf {
    std::env::var_os(name).map(PathBuf::from).expect("cargo sets it")
}

fn stop(why: &str) -> ! {
    eprintln!("server/build.rs: {why}");
    exit(1);
}

/// When the app is built again.
fn watch(top: &Path) {
    let web = top.join("server/web");
    let mut sources: Vec<PathBuf> = ["server/build.rs", "package.json", "package-lock.json", "tsconfig.json"]
        .iter()
        .chain(&["sync-protocol/js/package.json", "sync-protocol/js/src"])
        .map(|source| top.join(source))
        .collect();
    let entries = fs::read_dir(&web).unwrap_or_else(|error| stop(&format!("{}: {error}", web.display())));
    let names = entries.filter_map(Result::ok).map(|entry| entry.file_name());
    sources.extend(names.filter(|name| !NOT_SOURCES.iter().any(|not| *not == name)).map(|name| web.join(name)));
    // Constants that the protocol's package takes from there.
    sources.push(top.join("sync-protocol/vectors"));
    for source in sources.iter().filter(|source| source.exists()) {
        println!("cargo:rerun-if-changed={}", source.display());
    }
}

fn npm() -> Command {
    Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" })
}

/// Whether Node and npm are there and new enough.
fn node() -> Result<(), String> {
    let said = |command: &mut Command| {
        let output = command.arg("--version").output().ok().filter(|output| output.status.success());
        output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let version = said(&mut Command::new("node")).ok_or("Node is missing")?;
    let mut numbers = version.trim_start_matches('v').split('.').map_while(|part| part.parse::<u32>().ok());
    let fits = match (numbers.next(), numbers.next()) {
        (Some(22), Some(minor)) => minor >= NODE_22_MINOR,
        (Some(major), Some(minor)) => major > 22 || (major == NODE.0 && minor >= NODE.1),
        _ => false,
    };
    if !fits {
        return Err(format!("Node {version} is too old (wanted: {}.{} or newer)", NODE.0, NODE.1));
    }
    said(&mut npm()).map(drop).ok_or_else(|| "npm is missing".to_owned())
}

/// Makes `node_modules` fit the lock file. Builds of two profiles wait for each other here.
fn install(top: &Path) {
    let lock_file = top.join("package-lock.json");
    let lock = File::open(&lock_file).unwrap_or_else(|error| stop(&format!("{}: {error}", lock_file.display())));
    lock.lock().unwrap_or_else(|error| stop(&format!("{}: cannot be locked: {error}", lock_file.display())));
    let wanted = hash(&fs::read(&lock_file).unwrap_or_default());
    let stamp = top.join("node_modules").join(STAMP);
    if fs::read_to_string(&stamp).is_ok_and(|made_from| made_from == wanted) {
        return;
    }
    let changed = |path: &Path| fs::metadata(path).and_then(|file| file.modified()).ok();
    // What npm writes last: somebody may have installed by hand.
    if changed(&top.join("node_modules/.package-lock.json")) < changed(&lock_file) {
        run(npm().args(["ci", "--include=dev", "--no-audit", "--no-fund"]).current_dir(top), &[]);
    }
    fs::write(&stamp, wanted).unwrap_or_else(|error| stop(&format!("{}: {error}", stamp.display())));
}

/// Runs a command to its end; stops with its words if it fails.
fn run(command: &mut Command, environment: &[(&str, &str)]) {
    command.envs(environment.iter().copied());
    let output = command.output().unwrap_or_else(|error| stop(&format!("{command:?}: {error}")));
    if !output.status.success() {
        let said = [output.stdout, output.stderr].concat();
        let _ = std::io::stderr().write_all(&said);
        stop(&format!("this failed ({}): {command:?}", output.status));
    }
}

/// The page of a build without the app. Nothing but words: the app's content policy holds for it, too.
fn instead(reason: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"fr\">\n<head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>Segin</title></head>\n<body>\n\
         <h1>L'application de terrain n'est pas dans cette version du hub</h1>\n\
         <p>Le hub a été compilé sans elle. Installez Node {major}.{minor} ou plus récent avec npm \
         (<b>https://nodejs.org</b>), puis compilez à nouveau : <code>cargo build</code>.</p>\n\
         <div lang=\"en\">\n<h2>The field app is not in this build of the hub</h2>\n\
         <p>The hub was built without it: {reason}. Install Node {major}.{minor} or newer with npm \
         (<b>https://nodejs.org</b>), then build again: <code>cargo build</code>.</p>\n</div>\n</body>\n</html>\n",
        major = NODE.0,
        minor = NODE.1,
    )
}

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Compresses every file and writes the table.
fn embed(web: &Path, out: &Path) {
    let packed = out.join("packed");
    fs::create_dir_all(&packed).expect("OUT_DIR can be written");
    let files = names(web);
    let rows: Vec<Row> = std::thread::scope(|scope| {
        let at_work: Vec<_> = files.iter().map(|name| scope.spawn(|| row(web, &packed, name))).collect();
        at_work.into_iter().map(|row| row.join().expect("compressing does not fail")).collect()
    });
    let kept: BTreeSet<PathBuf> = rows.iter().flat_map(|row| [row.br.clone(), row.gzip.clone()]).flatten().collect();
    for old in fs::read_dir(&packed).expect("it was just made").filter_map(Result::ok).map(|entry| entry.path()) {
        if !kept.contains(&old) {
            let _ = fs::remove_file(old);
        }
    }
    let mut table = String::from("&[\n");
    for Row { name, etag, br, gzip } in &rows {
        let bytes = |path: &Path| format!("include_bytes!({:?})", path.to_string_lossy());
        let option =
            |path: &Option<PathBuf>| path.as_ref().map_or("None".to_owned(), |path| format!("Some({})", bytes(path)));
        let (plain, br, gzip) = (bytes(&web.join(name)), option(br), option(gzip));
        let _ = writeln!(table, "File {{ name: {name:?}, hash: {etag:?}, plain: {plain}, br: {br}, gzip: {gzip} }},");
    }
    table.push_str("]\n");
    fs::write(out.join("web_files.rs"), table).expect("OUT_DIR can be written");
}

/// One file of the table.
struct Row {
    name: String,
    etag: String,
    br: Option<PathBuf>,
    gzip: Option<PathBuf>,
}

/// Files of the build: at its top or in `assets/`, where Vite puts a hash into every name. The hub has routes for these
/// two alone.
fn names(web: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for (folder, before) in [(web.to_path_buf(), ""), (web.join("assets"), "assets/")] {
        for entry in fs::read_dir(&folder).into_iter().flatten().filter_map(Result::ok) {
            let name = format!("{before}{}", entry.file_name().to_string_lossy());
            let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-/".contains(&byte));
            match entry.path().is_dir() {
                true if name == "assets" => {}
                false if is_plain => found.push(name),
                _ => stop(&format!(
                    "the app's build wrote '{name}': files stand at its top or in assets/, with plain names"
                )),
            }
        }
    }
    found.sort();
    found
}

/// What is compressed already keeps its name, made of its content: the wasm is large and seldom changes.
fn row(web: &Path, packed: &Path, name: &str) -> Row {
    let bytes = fs::read(web.join(name)).expect("the build has just written it");
    let hash = hash(&bytes);
    let form = |ending: &str, compress: fn(&[u8]) -> Vec<u8>| {
        let path = packed.join(format!("{hash}.{ending}"));
        if !path.exists() {
            let unfinished = packed.join(format!("{hash}.{ending}.unfinished"));
            fs::write(&unfinished, compress(&bytes)).expect("OUT_DIR can be written");
            fs::rename(&unfinished, &path).expect("OUT_DIR can be written");
        }
        let length = fs::metadata(&path).expect("it was just written").len();
        let is_worth_it = usize::try_from(length).is_ok_and(|length| length < bytes.len() - bytes.len() / WORTH);
        is_worth_it.then_some(path)
    };
    let (br, gzip) = (form("br", brotli), form("gz", gzip));
    Row { name: name.to_owned(), etag: hash[..32].to_owned(), br, gzip }
}

fn brotli(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let parameters = brotli::enc::BrotliEncoderParams { quality: 11, lgwin: 22, ..Default::default() };
    brotli::BrotliCompress(&mut &bytes[..], &mut out, &parameters).expect("memory takes it");
    out
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}
