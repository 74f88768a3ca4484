// The pack's one extension of ComfyUI's page: it gives some nodes a view of their own.
import { api } from "../../../scripts/api.js";
import { app } from "../../../scripts/app.js";
import { addExpression } from "./expression/expression_view.js";
import { addPicker } from "./picker/picker.js";
import { addPreview } from "./preview/preview.js";
import { recallRuns } from "./runs.js";
import { listenToRuns } from "./stage/speech.js";
import { addStage } from "./stage/stage.js";

const VIEWS = {
  MoDADirector: (node, page) => addStage(node, page, "script"),
  MoDAPreviewMotion: addPreview,
  MoDASampleMotion: addPreview,
  MoDAEmotionTimeline: (node, page) => addStage(node, page, "timeline"),
  MoDAExpression: addExpression,
  MoDAExtractIdentity: addPicker,
  MoDATrackFace: addPicker,
};
const definitions = new Map();

app.registerExtension({
  name: "ComfyUI-MoDA",
  beforeRegisterNodeDef(_, definition) {
    if (definition.name in VIEWS) definitions.set(definition.name, definition);
  },
  nodeCreated(node) {
    const definition = definitions.get(node.comfyClass);
    if (definition) VIEWS[node.comfyClass](node, { app, api, definition });
  },
  setup() {
    listenToRuns(api);
    recallRuns(api, app);
    const sheet = document.createElement("link");
    sheet.rel = "stylesheet";
    sheet.href = new URL("views.css", import.meta.url).href;
    document.head.append(sheet);
  },
});
