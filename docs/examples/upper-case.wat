;; A task in the text format: the output is the input with its small letters made large.
(module
  (import "sortition" "output" (func $output (param $pointer i32) (param $length i32)))
  (memory (export "memory") 16)

  ;; The input has all of the memory for itself.
  (func (export "alloc") (param $length i32) (result i32)
    (i32.const 0))

  (func (export "run") (param $pointer i32) (param $length i32) (result i64)
    (local $at i32)
    (local $char i32)
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $length)))
        (local.set $char (i32.load8_u (i32.add (local.get $pointer) (local.get $at))))
        (if (i32.lt_u (i32.sub (local.get $char) (i32.const 97)) (i32.const 26))
          (then (local.set $char (i32.sub (local.get $char) (i32.const 32)))))
        (i32.store8 (i32.add (local.get $pointer) (local.get $at)) (local.get $char))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $next)))
    (call $output (local.get $pointer) (local.get $length))
    (i64.const 0)))
