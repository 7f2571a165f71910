# Assertions in expressions.
rec {
  assertMsg = condition: message: if condition then true else throw message;
  assertOneOf =
    name: value: known:
    assertMsg (builtins.elem value known)
      "${name} must be one of ${builtins.toJSON known}, but is: ${builtins.toJSON value}";
}
