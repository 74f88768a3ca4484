// Write 68 landmarks of portraits, found by the networks of face-api, as JSON for `bench faces`
// and `bench turn-seen`.
//
// A stand-alone script for an environment of its own. The package carries its networks, so nothing
// else is downloaded:
//
//     mkdir ENV && cd ENV
//     npm install @vladmandic/face-api@1.7.15 @tensorflow/tfjs@4 @tensorflow/tfjs-backend-wasm@4 jpeg-js
//     cp PACK/tests/bench/face_api_landmarks.mjs . && node face_api_landmarks.mjs points.json FOLDER PACK/moda_core/example
//
// Points are x, y in pixels of each JPEG in the folders, the centre of the first pixel at (0.5, 0.5),
// in the order of the iBUG scheme. Only the largest face of a picture is written.

import fs from "node:fs";
import path from "node:path";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const faceapi = require("@vladmandic/face-api/dist/face-api.node-wasm.js");
const jpeg = require("jpeg-js");
const { tf } = faceapi;

const MODELS = path.join(path.dirname(require.resolve("@vladmandic/face-api/package.json")), "model");
const [output, ...folders] = process.argv.slice(2);

const readPicture = (file) => {
  const { data, width, height } = jpeg.decode(fs.readFileSync(file), { formatAsRGBA: false });
  return tf.tensor3d(new Int32Array(data), [height, width, 3], "int32");
};

const area = ({ detection }) => detection.box.area;

// A small face can be less certain than a pattern of its picture that looks like one.
const options = new faceapi.SsdMobilenetv1Options({ minConfidence: 0.2 });

await tf.ready();
await faceapi.nets.ssdMobilenetv1.loadFromDisk(MODELS);
await faceapi.nets.faceLandmark68Net.loadFromDisk(MODELS);

const points = {};
for (const folder of folders) {
  for (const name of fs.readdirSync(folder).filter((each) => /\.jpe?g$/i.test(each)).sort()) {
    const picture = readPicture(path.join(folder, name));
    const faces = await faceapi.detectAllFaces(picture, options).withFaceLandmarks();
    picture.dispose();
    if (!faces.length) {
      console.error(`${name}: no face`);
      continue;
    }
    const largest = faces.reduce((best, face) => (area(face) > area(best) ? face : best));
    points[name] = largest.landmarks.positions.map(({ x, y }) => [x, y]);
  }
}
fs.writeFileSync(output, JSON.stringify(points));
