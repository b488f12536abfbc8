// The upload job with sharp, for `cargo xtask bench imaging`; driven over stdin, a line a command.
//
// `written` is the job as most people write it, a pipeline a variant; `tuned` decodes once and makes each
// variant of the next larger one. See examples/upload_job/contestant.rs for the lines.

import { readFile, writeFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import sharp from "sharp";

const tuned = process.argv[2] === "tuned";
if (tuned) sharp.cache(false);

const coded = {
  jpeg: (image) => image.jpeg({ quality: 85 }),
  png: (image) => image.png(),
  webp: (image) => image.webp({ quality: 85 }),
};
const within = (width) => ({ width, withoutEnlargement: true });

async function asWritten(input, format) {
  const upright = () => sharp(input).rotate();
  return {
    large: await coded[format](upright().resize(within(1200))).toBuffer(),
    medium: await coded[format](upright().resize(within(800))).toBuffer(),
    thumbnail: await coded[format](upright().resize(within(300))).toBuffer(),
    webp: await upright().resize(within(1200)).webp({ quality: 82 }).toBuffer(),
  };
}

async function cascade(input, format) {
  const raw = async (image) => {
    const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
    return () => sharp(data, { raw: { width: info.width, height: info.height, channels: info.channels } });
  };
  const large = await raw(sharp(input).rotate().resize(within(1200)));
  const medium = await raw(large().resize(within(800)));
  return {
    large: await coded[format](large()).toBuffer(),
    medium: await coded[format](medium()).toBuffer(),
    thumbnail: await coded[format](medium().resize(within(300))).toBuffer(),
    webp: await large().webp({ quality: 82 }).toBuffer(),
  };
}

// Sharp cannot clean without coding anew.
const cleaned = (input, format) => coded[format](sharp(input).rotate().keepIccProfile()).toBuffer();

const milliseconds = ({ user, system }) => (user + system) / 1000;

async function job(path, folder) {
  const input = await readFile(path);
  const { format } = await sharp(input).metadata();
  const begin = process.cpuUsage();
  const variants = await (tuned ? cascade : asWritten)(input, format);
  const cpu = milliseconds(process.cpuUsage(begin));
  const original = await cleaned(input, format);
  if (folder !== "-") {
    for (const [name, bytes] of Object.entries({ ...variants, original })) await writeFile(`${folder}/${name}`, bytes);
  }
  return [cpu, milliseconds(process.cpuUsage(begin))];
}

async function all(atOnce, paths) {
  let next = 0;
  const worker = async () => {
    while (next < paths.length) {
      const input = await readFile(paths[next++]);
      const { format } = await sharp(input).metadata();
      await (tuned ? cascade : asWritten)(input, format);
      await cleaned(input, format);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return ["done"];
}

for await (const line of createInterface({ input: process.stdin })) {
  const [command, ...rest] = line.split("\t");
  const answer = command === "one" ? await job(...rest) : await all(Number(rest[0]), rest.slice(1));
  console.log(answer.join("\t"));
}
