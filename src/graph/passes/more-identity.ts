/** Besides those of plain networks, operators that, depending on their parameters, may leave their first input as it is. */
export const MAY_BE_IDLE: ReadonlySet<string> = new Set(
  "Cast CastLike Concat Expand Max Mean Min Pad Reshape Resize Slice Split Squeeze Sum Tile Unsqueeze".split(" "),
);
