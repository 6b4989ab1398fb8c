// Every operator of an engine, under the name that it has there.

import { conv2d } from "./conv2d.ts";

export const OPERATORS = { conv2d };
