// The frames of a motion, which come from the server as sheets of pictures side by side.

const MOST_KEPT = 40; // sheets, of a second each

export class Sheets {
  /** `onSheet` is called when a sheet has come. */
  constructor(api, onSheet) {
    this.api = api;
    this.onSheet = onSheet;
    this.pictures = new Map(); // by number of the sheet; null while it is asked for
  }

  /** Take what the server tells of a motion; sheets of the same motion that are full are kept. */
  load(motion) {
    if (motion.key !== this.motion?.key) this.clear();
    else if (this.motion.frames !== motion.frames) {
      const last = Math.floor((this.motion.frames - 1) / motion.sheet_frames);
      this.pictures.delete(last);
    }
    this.motion = motion;
  }

  clear() {
    for (const picture of this.pictures.values()) picture?.close();
    this.pictures.clear();
  }

  /** Return where a frame is, {picture, x, y, width, height}; null if its sheet is still asked for. */
  frame(index) {
    const { sheet_frames: count, columns } = this.motion;
    const sheet = Math.floor(index / count);
    const picture = this.pictures.get(sheet);
    if (picture === undefined) this.ask(sheet);
    if (!picture) return null;
    const place = index - sheet * count;
    const [width, height] = [picture.width / columns, picture.height / (count / columns)];
    const [x, y] = [(place % columns) * width, Math.floor(place / columns) * height];
    return { picture, x, y, width, height };
  }

  /** Ask for the sheet after a frame's, so that playing does not wait for it. */
  askAfter(index) {
    const next = Math.floor(index / this.motion.sheet_frames) + 1;
    const exists = next * this.motion.sheet_frames < this.motion.frames;
    if (exists && !this.pictures.has(next)) this.ask(next);
  }

  async ask(sheet) {
    const { key, sheet_frames: count } = this.motion;
    this.pictures.set(sheet, null);
    const answer = await this.api.fetchApi(`/moda/motion?key=${key}&sheet=${sheet}`);
    if (key !== this.motion.key) return;
    if (!answer.ok) {
      this.error = (await answer.json()).error;
      return;
    }
    this.pictures.set(sheet, await createImageBitmap(await answer.blob()));
    for (const oldest of this.pictures.keys()) {
      if (this.pictures.size <= MOST_KEPT || oldest === sheet) break;
      this.pictures.get(oldest)?.close();
      this.pictures.delete(oldest);
    }
    this.onSheet(sheet * count);
  }
}
