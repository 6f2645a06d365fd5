/** What the engine uses of the sync protocol, by name: so that what it does not use is not in the app. */
export {
  ActorPrefix,
  ChangeHash,
  Device,
  Doc,
  DocumentId,
  KIND_CODES,
  Key,
  Locked,
  SignedConfiguration,
  Stopped,
  constantHashes,
  fromHex,
  toHex,
  view,
} from "@segin/sync-protocol";
import { wire } from "@segin/sync-protocol";

export const Answer = wire.Answer;
export const Invitation = wire.Invitation;
export const Lease = wire.Lease;
export const SignedLease = wire.SignedLease;
export const CourierFile = wire.CourierFile;
export const CourierPart = wire.CourierPart;
export const fromCbor = wire.fromCbor;
export const hubTag = wire.hubTag;
export const read = wire.read;
