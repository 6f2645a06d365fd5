/**
 * Enrolment: an invitation becomes a lease. The key is stored before it is shown to the hub, so that a lost answer is
 * asked for again under the same key.
 */
import { equalBytes } from "../bytes.js";
import { CryptoError, SecretKey } from "../crypto.js";
import { SignedConfiguration } from "../documents/config.js";
import { InstallationId } from "../ids.js";
import { SealingPublic } from "../sealing.js";
import { CodecError, Raw, frame, read } from "../wire/codec.js";
import { EnrolAnswer, EnrolRequest } from "../wire/enrolment.js";
import type { Invitation } from "../wire/enrolment.js";
import { SignedLease } from "../wire/lease.js";
import { Draw } from "./event.js";
import type { Inputs } from "./event.js";
import { Stopped, orNull, orStop } from "./reading.js";
import { drawActor, uuidV4 } from "./record.js";
import { saturated } from "./state.js";
import type { State } from "./state.js";
import type { Turn } from "./turn.js";

/** Somebody typed or scanned an invitation. */
export function enrol(device: State, invitation: Invitation, turn: Turn): void {
  if (device.session !== null) {
    turn.report({ NotEnrolled: { reason: "this device is enrolled already" } });
    return;
  }
  if (device.identity === null) {
    const installation = InstallationId.fromBytes(uuidV4(turn.draw.bytes(InstallationId.LEN)));
    device.identity = { installation, secret: turn.draw.bytes(32), enrolled: null };
    turn.mark({ is: "identity" });
  }
  const { secret, installation } = device.identity;
  const key = orNull(() => SecretKey.fromBytes(secret));
  if (key === null) {
    // Two draws in 2^32: the next try draws again.
    device.identity = null;
    turn.report({ NotEnrolled: { reason: "no key could be made; please try again" } });
    return;
  }
  device.number += 1;
  device.enrolling = device.number;
  const request = EnrolRequest.sign(invitation, installation, key);
  turn.send(device.number, "enrol", frame("enrolRequest", EnrolRequest, request));
}

/** The hub answered the enrolment. */
export function enrolAnswer(device: State, bytes: Uint8Array, turn: Turn): void {
  device.enrolling = null;
  try {
    takeLease(device, bytes, turn);
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
    turn.report({ NotEnrolled: { reason: error.message } });
  }
}

function takeLease(device: State, bytes: Uint8Array, turn: Turn): void {
  const answer = orStop(() => read("enrolAnswer", EnrolAnswer, bytes));
  const lease = orStop(() => SignedLease.verify(answer.lease, answer.hub));
  const identity = device.identity;
  if (identity === null) throw new Stopped("no invitation was tried");
  const key = orStop(() => SecretKey.fromBytes(identity.secret));
  if (lease.installation !== identity.installation || !equalBytes(lease.key, key.public())) {
    throw new Stopped("the hub answered with the lease of another device");
  }
  const { token, hub, log, sealing } = answer;
  if (sealing !== null) checkSealing(sealing);
  identity.enrolled = { lease: answer.lease, token, hub, log, sealing };
  turn.mark({ is: "identity" });
  takeConfiguration(device, answer.configuration, turn);
  turn.report({ Enrolled: { name: lease.name, site: lease.site, letters: lease.letters } });
  device.session = { lease, key, hub, actor: drawActor({ lease }, turn) };
}

function checkSealing(sealing: SealingPublic): void {
  try {
    SealingPublic.check(sealing);
  } catch (error) {
    if (error instanceof CryptoError) throw new Stopped(`the key that work is to be sealed to: ${error.message}`);
    throw error;
  }
}

/** Keeps a configuration that the hub signed and this version can read; another is passed over, and comes again. */
export function takeConfiguration(device: State, signed: Raw, turn: Turn): void {
  const hub = device.identity?.enrolled?.hub;
  if (hub === undefined) return;
  const configuration = orNull(() => SignedConfiguration.verify(Raw.open(SignedConfiguration, signed), hub));
  if (configuration === null) return;
  device.progress.configuration = saturated(configuration.version);
  turn.progress();
  turn.put({ is: "configuration" }, signed);
}

/** Checks the stored lease and draws this session's actor. Throws {@link CodecError}. */
export function startSession(device: State, inputs: Inputs): void {
  const identity = device.identity;
  const enrolled = identity?.enrolled ?? null;
  if (identity === null || enrolled === null) return;
  const lease = orNull(() => SignedLease.verify(enrolled.lease, enrolled.hub));
  if (lease === null) throw CodecError.body("the lease is not signed by the hub");
  const key = orNull(() => SecretKey.fromBytes(identity.secret));
  if (key === null) throw CodecError.body("the key is no key");
  const actor = drawActor({ lease }, { draw: new Draw(inputs.seed) });
  device.session = { lease, key, hub: enrolled.hub, actor };
}
