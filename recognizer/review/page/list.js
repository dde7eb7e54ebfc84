// The photos under the filter, where one is, and which are selected. It knows nothing of the page.

import { stateOf } from "./item.js";

export class List {
  constructor(answer, state) {
    this.items = answer.photos;
    this.left = answer.left;
    this.begun = answer.left;
    this.state = state;
    this.at = 0;
    this.anchor = 0; // where a selection with shift begins
    this.selected = new Set();
    this.places = new Map(this.items.map((item, place) => [item.id, place]));
  }

  get current() {
    return this.items[this.at];
  }

  get selectedItems() {
    return this.items.filter((item) => this.selected.has(item.id));
  }

  find(id) {
    return this.items[this.places.get(id)];
  }

  goTo(place) {
    this.at = Math.max(0, Math.min(place, this.items.length - 1));
  }

  setDecision(item, decision) {
    const before = stateOf(item);
    item.decision = decision;
    this.left += (stateOf(item) === "waiting") - (before === "waiting");
  }

  // Go to the photo that comes after a choice. Returns false where none is left.
  goOn() {
    const wanted = (item) => this.state !== "waiting" || stateOf(item) === "waiting";
    const after = this.items.findIndex((item, place) => place > this.at && wanted(item));
    const found = after < 0 && this.state === "waiting" ? this.items.findIndex(wanted) : after;
    if (found >= 0) this.at = found;
    return found >= 0;
  }

  toggle(place) {
    const { id } = this.items[place];
    if (!this.selected.delete(id)) this.selected.add(id);
    this.anchor = place;
  }

  selectTo(place) {
    const [from, to] = [Math.min(this.anchor, place), Math.max(this.anchor, place)];
    this.selected = new Set(this.items.slice(from, to + 1).map((item) => item.id));
  }

  selectAll() {
    this.selected = new Set(this.places.keys());
  }

  selectNone() {
    this.selected.clear();
    this.anchor = this.at;
  }
}
