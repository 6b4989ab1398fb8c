import { read } from "../../read.js";

export const POST = read;
