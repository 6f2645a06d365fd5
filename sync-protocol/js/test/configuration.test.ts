/** The signed configuration: read with the hub's signature only, with the constants of this program only. */
import { expect, test } from "vitest";

import { SecretKey } from "../src/crypto.js";
import { ConfigurationError, SignedConfiguration } from "../src/documents/config.js";
import type { Configuration } from "../src/documents/types.js";
import { fromCbor, toCbor } from "../src/wire/codec.js";

const hub = (byte: number): SecretKey => SecretKey.fromBytes(new Uint8Array(32).fill(byte));

const configuration: Configuration = {
  version: 3,
  sites: [{ code: "GOG", name: "Gogui" }],
  lists: { countries: [{ code: "MLI", fr: "Mali", en: "Mali", also: ["le Mali"] }] },
  places: [{ code: "ML01", scheme: "cod", vintage: 2021, name: "Kayes" }],
};

function codeOf(signed: SignedConfiguration, byte = 1): string {
  try {
    SignedConfiguration.verify(signed, hub(byte).public());
    return "taken";
  } catch (error) {
    if (error instanceof ConfigurationError) return error.code;
    throw error;
  }
}

test("it is read with the hub's signature only", () => {
  const signed = SignedConfiguration.sign(configuration, hub(1));
  expect(SignedConfiguration.verify(signed, hub(1).public())).toEqual(configuration);
  expect(fromCbor(SignedConfiguration, toCbor(SignedConfiguration, signed))).toEqual(signed);
  expect(codeOf(signed, 2)).toBe("configuration-signature");
  expect(codeOf({ ...signed, body: signed.body.with(5, 0) })).toBe("configuration-signature");
});

test("what is signed and no configuration, or one with other constants, is refused", () => {
  const sign = (body: Uint8Array): SignedConfiguration => ({ body, signature: hub(1).sign("configuration", body) });
  const good = SignedConfiguration.sign(configuration, hub(1)).body;
  for (const body of [new Uint8Array(), Uint8Array.of(0x80), new Uint8Array(40).fill(0xff), Uint8Array.of(...good, 0)]) {
    expect(codeOf(sign(body))).toBe("configuration-form");
  }
  expect(codeOf(sign(good.with(good.length - 1, 9)))).toBe("configuration-constants");
  expect(codeOf(sign(new Uint8Array(1024 * 1024 + 1)))).toBe("configuration-too-large");
});
