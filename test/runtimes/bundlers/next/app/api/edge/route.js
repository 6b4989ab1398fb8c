import { read } from "../../read.js";

export const runtime = "edge";
export const POST = read;
