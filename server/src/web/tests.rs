//! The embedded files are what the build wrote, in every form.

use std::io::Read;

use super::*;

#[test]
fn the_page_is_there_and_every_file_has_a_type() {
    assert!(file(INDEX).is_some());
    for File { name, .. } in FILES {
        assert!(file(name).and_then(File::content_type).is_some(), "{name}: give this ending a type");
    }
    for wrong in ["", "assets", "../index.html", "/index.html", "index.html/", "INDEX.HTML"] {
        assert!(file(wrong).is_none(), "{wrong}");
    }
}

#[test]
fn every_form_of_a_file_is_the_same_file() {
    for file in FILES {
        if let Some(gzip) = file.gzip {
            let mut read = Vec::new();
            flate2::read::GzDecoder::new(gzip).read_to_end(&mut read).unwrap();
            assert!(read == file.plain, "{}", file.name);
        }
        for small in [file.br, file.gzip].into_iter().flatten() {
            assert!(small.len() < file.plain.len(), "{}", file.name);
        }
    }
}

#[test]
fn the_smallest_form_that_is_taken() {
    let file = File { name: "a.js", hash: "00", plain: b"plain", br: Some(b"b"), gzip: Some(b"gz") };
    for (accept, coding) in [
        (None, Coding::Identity),
        (Some(""), Coding::Identity),
        (Some("gzip, deflate, br, zstd"), Coding::Br),
        (Some("gzip, deflate"), Coding::Gzip),
        (Some("GZIP;q=0.5"), Coding::Gzip),
        (Some("br;q=0, gzip"), Coding::Gzip),
        (Some("br; q=0.000, gzip;q=0"), Coding::Identity),
        (Some("brotli, gzipped"), Coding::Identity),
    ] {
        assert_eq!(file.form(accept).0, coding, "{accept:?}");
    }
    let picture = File { name: "a.png", hash: "00", plain: b"plain", br: None, gzip: None };
    assert_eq!(picture.form(Some("br, gzip")).0, Coding::Identity);
    assert_eq!(file.tag(Coding::Br), "\"00-br\"");
    for (header, same) in
        [("\"00-br\"", true), ("W/\"00-br\"", true), ("\"x\", \"00-br\"", true), ("\"00-gzip\"", false)]
    {
        assert_eq!(matches(header, &file.tag(Coding::Br)), same, "{header}");
    }
}
