import { describe, expect, it } from "vitest";
import { SseParser } from "./sse";

const STREAM =
  "id: 7-1\nevent: a\ndata: one\n\n: alive\n\nid: 7-2\nevent: b\ndata: two\ndata: lines\n\n";

describe("SseParser", () => {
  it("reads the same however the stream is cut", () => {
    const whole = new SseParser().push(STREAM);
    expect(whole).toEqual([
      { id: "7-1", type: "a", data: "one" },
      { id: "7-2", type: "b", data: "two\nlines" },
    ]);
    for (let cut = 0; cut <= STREAM.length; cut += 1) {
      const parser = new SseParser();
      expect([...parser.push(STREAM.slice(0, cut)), ...parser.push(STREAM.slice(cut))]).toEqual(
        whole,
      );
    }
    const parser = new SseParser();
    expect([...STREAM].flatMap((char) => parser.push(char))).toEqual(whole);
  });

  it("goes on after the last whole event only", () => {
    const parser = new SseParser("7-0");
    expect(parser.lastId).toBe("7-0");
    parser.push("id: 7-1\ndata: one\n\nid: 7-2\ndata: half");
    expect(parser.lastId).toBe("7-1");
    parser.push("\n\n");
    expect(parser.lastId).toBe("7-2");
  });

  it("understands every kind of line end, also one that is cut in two", () => {
    const parser = new SseParser();
    expect(parser.push("data: a\r")).toEqual([]);
    expect(parser.push("\n\r\n")).toEqual([{ id: null, type: "message", data: "a" }]);
    expect(parser.push("data: b\r\rdata")).toEqual([{ id: null, type: "message", data: "b" }]);
  });

  it("takes a wish for the retry and no event without data", () => {
    const parser = new SseParser();
    expect(parser.push("retry: 250\nid: 1\n\n")).toEqual([]);
    expect(parser.retryMs).toBe(250);
    expect(parser.lastId).toBe("1");
  });
});
