//! Promise checked here: hostile bytes stop at the gate.
//!
//! Every attack over real HTTP, by family: the answer that it gets is the expected one, every document, digest and file
//! is as before, work and bytes stay within a bound that the hub counts itself, and an honest exchange works right
//! afterwards. At the end the hub stops and its folder agrees with itself. What the gate says to each change alone is in
//! `sync-protocol/tests/gate`; `server/THREATS.md` has the list.

use segin_tests::adversary::{
    Siege, bombs, bytes, causality, cbor, couriers, invitations, manifests, requests, returns, sealed, structure,
    tokens,
};

fn under(attacks: fn(&mut Siege)) {
    let mut siege = Siege::new();
    attacks(&mut siege);
    siege.ends();
}

#[test]
fn bytes_turned_cut_and_written_otherwise() {
    under(bytes::run);
}

#[test]
fn bombs_of_every_kind() {
    under(bombs::run);
}

#[test]
fn changes_that_say_what_no_document_takes() {
    under(structure::run);
}

#[test]
fn changes_of_others_and_out_of_order() {
    under(causality::run);
}

#[test]
fn manifests_garbled_swapped_and_replayed() {
    under(manifests::run);
}

#[test]
fn sealed_parcels_that_are_none() {
    under(sealed::run);
}

#[test]
fn invitations_used_altered_and_guessed() {
    under(invitations::run);
}

#[test]
fn tokens_and_leases_of_others() {
    under(tokens::run);
}

#[test]
fn proofs_of_lost_work_that_prove_nothing() {
    under(returns::run);
}

#[test]
fn courier_files_garbled_and_recombined() {
    under(couriers::run);
}

#[test]
fn cbor_of_any_shape() {
    under(cbor::run);
}

#[test]
fn requests_that_lie_about_themselves() {
    let mut siege = Siege::with(requests::impatient);
    requests::run(&mut siege);
    siege.ends();
}

/// Bytes by which the hub's memory may grow at its highest while it refuses bombs of a gibibyte: a message of the largest
/// kind, read, unpacked and looked at by two workers at once, several times over.
#[cfg(target_os = "linux")]
const MEMORY_KIB_MAX: u64 = 128 * 1024;

/// What the hub's process has taken at most, in KiB, as the system says.
#[cfg(target_os = "linux")]
fn highest(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("the process runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("the system counts it");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

#[cfg(target_os = "linux")]
#[test]
fn bombs_of_a_gibibyte_take_no_memory() {
    let mut night = segin_tests::night::Night::begin();
    let (mut device, mut http) = night.raw_device(&["GOG"]);
    let (case, pid) = (device.new_document(), night.hub().pid());
    let name = sync_protocol::documents::Value::Text("Awa".into()).into();
    let edit = sync_protocol::documents::Edit::Set { field: "identity.given".into(), value: name };
    let change = device.edit(case, sync_protocol::documents::Kind::Case, &[edit]);
    let honest = device.parcel(&[(case, vec![change], None)]);
    device.sync(&mut http, vec![honest]).expect("the hub takes honest work");
    let before = highest(pid);
    let packed = bombs::deflated_zeros(1024);
    for announced in [1_u32 << 30, 8 << 20, u32::MAX] {
        for kind in [0x81, 0x83] {
            let path = if kind == 0x81 { "/v1/exchange" } else { "/v1/enrol" };
            let message = [&[b'S', b'G', 1, kind][..], &announced.to_be_bytes(), &packed].concat();
            let (status, _) = http.post(path, &message).expect("the hub answers");
            assert_eq!(status, 400);
        }
    }
    for length in [packed.len(), 300_000] {
        let bomb = segin_tests::parts::framed(2, [7; 4], &packed[..length]);
        let sent = device.parcel(&[(case, vec![segin_tests::adversary::changed(&bomb)], None)]);
        let (receipt, _) = device.ask(&mut http, &device.request(vec![sent])).expect("the hub answers");
        let said = &receipt.parcels[0].documents[0].runs[0].fate;
        assert!(matches!(said, sync_protocol::wire::answer::Fate::Refused(code, _) if code == "gate-size"), "{said:?}");
    }
    let grown = highest(pid) - before;
    assert!(grown < MEMORY_KIB_MAX, "{grown} KiB");
    device.sync(&mut http, Vec::new()).expect("the hub goes on");
    night.end();
}
