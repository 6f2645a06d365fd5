//! What every [`Disk`] must do, run on the real folder and on the fake one: a fake that differs proves nothing.

use std::sync::Arc;

use super::{Disk, FakeDisk, RealDisk};

fn on_both(check: fn(&dyn Disk)) {
    check(&FakeDisk::new(1));
    let folder = tempfile::tempdir().unwrap();
    check(&RealDisk::open(folder.path()).unwrap());
}

#[test]
fn a_file_gives_back_what_was_written_at_each_offset() {
    // Prevents: entries read from another place than they were written to.
    on_both(|disk| {
        let file = disk.create("log/a").unwrap();
        assert!(file.is_empty().unwrap());
        file.write_at(0, b"hello").unwrap();
        file.write_at(8, b"gap").unwrap();
        file.write_at(1, b"a").unwrap();
        file.sync_data().unwrap();
        disk.sync_folder("log").unwrap();
        assert_eq!(disk.read("log/a").unwrap(), b"hallo\0\0\0gap");
        assert_eq!(file.len().unwrap(), 11);
        let mut buffer = [9; 4];
        assert_eq!(file.read_at(6, &mut buffer).unwrap(), 4);
        assert_eq!(&buffer, b"\0\0ga");
        assert_eq!(file.read_at(9, &mut buffer).unwrap(), 2);
        assert_eq!(&buffer[..2], b"ap");
        assert_eq!(file.read_at(11, &mut buffer).unwrap(), 0);
        assert_eq!(file.read_at(99, &mut buffer).unwrap(), 0);
    });
}

#[test]
fn a_length_is_cut_or_filled_with_zeros() {
    // Prevents: old bytes that come back after a cut.
    on_both(|disk| {
        let file = disk.create("a").unwrap();
        file.write_at(0, b"hello").unwrap();
        file.set_len(2).unwrap();
        file.set_len(4).unwrap();
        assert_eq!(disk.read("a").unwrap(), b"he\0\0");
    });
}

#[test]
fn every_handle_sees_what_another_wrote() {
    // Prevents: readers of the log that miss what the writer has synced.
    on_both(|disk| {
        let one = disk.create("a").unwrap();
        let other = disk.open("a").unwrap();
        let shared = Arc::clone(&one);
        shared.write_at(0, b"x").unwrap();
        let mut buffer = [0; 1];
        assert_eq!(other.read_at(0, &mut buffer).unwrap(), 1);
        assert_eq!(&buffer, b"x");
    });
}

#[test]
fn a_file_that_exists_is_not_created_and_one_that_does_not_is_not_opened() {
    // Prevents: a second start that empties the log of the first.
    on_both(|disk| {
        disk.create("a").unwrap().write_at(0, b"x").unwrap();
        assert_eq!(disk.create("a").map(|_| ()).unwrap_err().code(), "disk-exists");
        assert_eq!(disk.read("a").unwrap(), b"x");
        assert_eq!(disk.open("b").map(|_| ()).unwrap_err().code(), "disk-not-found");
        assert_eq!(disk.read("b").unwrap_err().code(), "disk-not-found");
        assert_eq!(disk.remove("b").unwrap_err().code(), "disk-not-found");
    });
}

#[test]
fn a_replacement_leaves_one_file_and_an_open_handle_keeps_the_old() {
    // Prevents: a keyring that is half old and half new, or a forgotten temporary copy of it that is listed.
    on_both(|disk| {
        disk.replace("keyring", b"first").unwrap();
        let old = disk.open("keyring").unwrap();
        disk.replace("keyring", b"2nd").unwrap();
        assert_eq!(disk.read("keyring").unwrap(), b"2nd");
        assert_eq!(disk.list("").unwrap(), ["keyring"]);
        old.write_at(0, b"00000").unwrap();
        assert_eq!(old.len().unwrap(), 5);
        assert_eq!(disk.read("keyring").unwrap(), b"2nd");
    });
}

#[test]
fn a_folder_lists_its_own_files_in_order() {
    // Prevents: segments read in another order, or files of another store taken for segments.
    on_both(|disk| {
        assert!(disk.list("log").unwrap().is_empty());
        for path in ["log/b", "log/a", "log/c", "top", "other/x"] {
            disk.create(path).unwrap();
        }
        disk.remove("log/c").unwrap();
        assert_eq!(disk.list("log").unwrap(), ["a", "b"]);
        assert_eq!(disk.list("").unwrap(), ["top"]);
        disk.sync_folder("log").unwrap();
        disk.sync_folder("").unwrap();
        assert!(disk.free_bytes().unwrap() > 0);
    });
}
