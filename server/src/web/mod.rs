//! The field app as `build.rs` has embedded it: which files there are, and in what form one is answered.
//!
//! Knows names, types, compressed forms and tags; a name that is not in the table does not exist, so there is no path to
//! climb out of. Knows no users: the app is the same for everybody. Routes: `routes::field_app`.

#[cfg(test)]
mod tests;

/// The app's page.
pub const INDEX: &str = "index.html";

/// Where Vite puts files whose name holds a hash of their content.
const HASHED: &str = "assets/";

/// What the app's pages may do: run and show what the hub serves, speak with the hub, nothing else. The protocol's
/// documents are WebAssembly; codes and QR pictures are `data:` and `blob:`.
pub const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
     img-src 'self' data: blob:; connect-src 'self'; manifest-src 'self'; worker-src 'self'; \
     frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// Devices that the app may ask for: the camera, to read cards.
pub const PERMISSIONS: &str = "camera=(self), geolocation=(), microphone=(), payment=(), usb=(), display-capture=()";

/// One file of the app.
#[derive(Debug)]
pub struct File {
    /// Below `/app/`.
    pub name: &'static str,
    /// Of its content, hexadecimal.
    hash: &'static str,
    plain: &'static [u8],
    br: Option<&'static [u8]>,
    gzip: Option<&'static [u8]>,
}

/// Every file of the app.
pub static FILES: &[File] = include!(concat!(env!("OUT_DIR"), "/web_files.rs"));

/// How a file travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// Brotli.
    Br,
    /// Gzip.
    Gzip,
    /// As it is.
    Identity,
}

impl Coding {
    /// The value of `content-encoding`; none for a file as it is.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::Br => Some("br"),
            Self::Gzip => Some("gzip"),
            Self::Identity => None,
        }
    }
}

/// The file of this name.
#[must_use]
pub fn file(name: &str) -> Option<&'static File> {
    FILES.iter().find(|file| file.name == name)
}

impl File {
    /// The smallest form that the asker takes. `accept` is the value of `accept-encoding`, if there is one.
    #[must_use]
    pub fn form(&self, accept: Option<&str>) -> (Coding, &'static [u8]) {
        let takes = |coding| accept.is_some_and(|accept| takes(accept, coding));
        match (self.br, self.gzip) {
            (Some(br), _) if takes("br") => (Coding::Br, br),
            (_, Some(gzip)) if takes("gzip") => (Coding::Gzip, gzip),
            _ => (Coding::Identity, self.plain),
        }
    }

    /// Names this form of this content: a stored answer is still right if the tag is still the same.
    #[must_use]
    pub fn tag(&self, coding: Coding) -> String {
        format!("\"{}-{}\"", self.hash, coding.name().unwrap_or("id"))
    }

    /// The value of `content-type`; none for an ending that nobody thought of, which a test finds.
    #[must_use]
    pub fn content_type(&self) -> Option<&'static str> {
        let (_, ending) = self.name.rsplit_once('.')?;
        Some(match ending {
            "html" => "text/html; charset=utf-8",
            "js" => "text/javascript; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "wasm" => "application/wasm",
            "webmanifest" => "application/manifest+json",
            "json" => "application/json",
            "svg" => "image/svg+xml",
            "png" => "image/png",
            "webp" => "image/webp",
            "ico" => "image/x-icon",
            "woff2" => "font/woff2",
            "txt" => "text/plain; charset=utf-8",
            _ => return None,
        })
    }

    /// The value of `cache-control`: what has a hash in its name never changes; everything else is asked for again, so
    /// that an update is seen.
    #[must_use]
    pub fn cache(&self) -> &'static str {
        if self.name.starts_with(HASHED) { "public, max-age=31536000, immutable" } else { "no-cache" }
    }
}

/// Whether an `accept-encoding` takes this coding: it is named, and not with the weight nought.
fn takes(accept: &str, coding: &str) -> bool {
    accept.split(',').any(|item| {
        let mut parts = item.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(coding));
        named && !parts.filter_map(|part| part.strip_prefix("q=")).any(|weight| weight.parse() == Ok(0.0))
    })
}

/// Whether an `if-none-match` names this tag.
#[must_use]
pub fn matches(if_none_match: &str, tag: &str) -> bool {
    if_none_match.split(',').map(str::trim).any(|known| known == "*" || known.trim_start_matches("W/") == tag)
}
