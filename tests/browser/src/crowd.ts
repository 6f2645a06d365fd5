/**
 * People that another post registered before: recorded by the headless device from a generated file, sent to the hub.
 * All of them are invented here.
 */
import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Hub } from "./hub.ts";

const run = promisify(execFile);

const COLUMNS =
  "rec_id,surname,given_name,nickname,sex,dob,dob_precision,age,region,cercle,village,phone,father_name,mother_name,return_country,doc_type,doc_number,transit_point,device,reg_date,arrival_date";
const GIVEN = ["Aminata", "Moussa", "Rokia", "Sekou", "Djeneba", "Ibrahima", "Kadia", "Ousmane", "Nana", "Bakary"];
const FAMILY = ["Traoré", "Diarra", "Coulibaly", "Keïta", "Sidibé", "Sangaré", "Maïga", "Dembélé", "Sissoko", "Konaté"];

function line(number: number): string {
  const given = GIVEN[number % GIVEN.length];
  const family = FAMILY[Math.floor(number / GIVEN.length) % FAMILY.length];
  const sex = number % 2 === 0 ? "F" : "M";
  const village = `Village ${number % 37}`;
  return `R${number},${family},${given},,${sex},${1950 + (number % 70)},year,,Kayes,Kayes,${village},,,,Mauritanie,,,Gogui,X,2024-04-30,2024-04-30`;
}

/** Registers so many people at Gogui through a headless device of its own, and sends them. */
export async function register(hub: Hub, folder: string, people: number): Promise<void> {
  const segin = process.env.SEGIN_BIN;
  if (segin === undefined) throw new Error("SEGIN_BIN is not set");
  await mkdir(folder, { recursive: true });
  const file = join(folder, "people.csv");
  await writeFile(file, [COLUMNS, ...Array.from({ length: people }, (_, number) => line(number))].join("\n"));
  const invitation = await hub.invite(await hub.addUser("Kadi Sow", ["GOG"]));
  const device = ["device", "--dir", join(folder, "device"), "--key-file", join(folder, "device.key")];
  await run(segin, [...device, "enrol", "--hub", hub.url, "--invitation", invitation]);
  await run(segin, [...device, "import", file]);
  await run(segin, [...device, "sync"]);
}
