"""Kernels that are wrong: each must end the process with an error that says what it is and where."""

import re

import numpy as np

from emulated_kernels import Kernels, Launch

SHARED = "memref<32xf32, #gpu.address_space<workgroup>>"
BEGIN = """
gpu.func @wrong(%arena: memref<?xi8>, %x_at: index) kernel {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c4 = arith.constant 4 : index
  %c31 = arith.constant 31 : index
  %width = arith.constant 32 : i32
  %one = arith.constant 1 : i32
  %half = arith.constant 0.5 : f32
  %x = memref.view %arena[%x_at][] : memref<?xi8> to memref<32xf32>
  %bytes = memref.view %arena[%x_at][] : memref<?xi8> to memref<128xi8>
  %shared = gpu.dynamic_shared_memory : memref<?xi8, #gpu.address_space<workgroup>>
  %s = memref.view %shared[%c0][] : memref<?xi8, #gpu.address_space<workgroup>> to memref<32xf32, #gpu.address_space<workgroup>>
  %block = gpu.block_id x
  %thread = gpu.thread_id x
  %next = arith.addi %thread, %c1 : index
  %neighbour = arith.andi %next, %c31 : index
  %begin = arith.muli %thread, %c4 : index
  %is_first = arith.cmpi eq, %thread, %c0 : index
"""
END = """
  gpu.return
}
"""
count = 0


def find(message, text, *, races, blocks=1, threads=32, shared_bytes=128):
    """Everything in `message` is literal but for *, which stands for what does not matter."""
    global count
    launch = Launch("wrong", blocks, threads, shared_bytes, ["x"])
    for detector in (True,) if races else (False, True):
        said = Kernels(BEGIN + text + END, [launch], races=detector, x=np.zeros(32, np.float32)).failure()
        pattern = re.escape("error: kernel 'wrong'" + message).replace(r"\*", ".*")
        assert re.fullmatch(pattern, said), f"said: {said}\nexpected: {message}"
        count += 1


# A barrier is missing between one thread's write and another's read, and the other way round.
find(", block 0, thread 1 writes byte 4 of shared memory at memref.store of m.dense (m.mlir:2:1), which thread 0 reads"
     " at memref.load of m.softmax (m.mlir:3:1) with no barrier between", f"""
  memref.store %half, %s[%thread] : {SHARED} loc("m.dense"("m.mlir":2:1))
  %v = memref.load %s[%neighbour] : {SHARED} loc("m.softmax"("m.mlir":3:1))
  memref.store %v, %x[%thread] : memref<32xf32>
""", races=True)
find(", block 0, thread 1 writes byte 4 of shared memory at memref.store (*), which thread 0 reads at memref.load (*) with"
     " no barrier between", f"""
  scf.for %i = %c0 to %c2 step %c1 {{
    memref.store %half, %s[%thread] : {SHARED}
    gpu.barrier
    %v = memref.load %s[%neighbour] : {SHARED}
    memref.store %v, %x[%thread] : memref<32xf32>
  }}
""", races=True)
find(", block 0, thread 1 writes byte 0 of the arena at memref.store (*), which thread 0 writes at memref.store (*) with no"
     " barrier between", """
  memref.store %half, %x[%c0] : memref<32xf32>
""", races=True)
# Blocks are not ordered by barriers of their own.
find(", block 1, thread 0 writes byte 0 of the arena at memref.store (*), which thread 0 of block 0 writes at"
     " memref.store (*): blocks of one launch run in any order", """
  memref.store %half, %x[%thread] : memref<32xf32>
  gpu.barrier
""", races=True, blocks=2)
find(", block 1, thread 0 reads byte 0 of the arena at memref.load (*), which thread 0 of block 0 writes at"
     " memref.store (*): blocks of one launch run in any order", """
  %is_first_block = arith.cmpi eq, %block, %c0 : index
  scf.if %is_first_block {
    memref.store %half, %x[%thread] : memref<32xf32>
  } else {
    %v = memref.load %x[%thread] : memref<32xf32>
    memref.store %v, %s[%thread] : memref<32xf32, #gpu.address_space<workgroup>>
  }
""", races=True, blocks=2)
# One byte of a word that another thread reads whole.
find(", block 0, thread 1 reads byte 0 of the arena at memref.load (*), which thread 0 writes at memref.store (*) with no"
     " barrier between", """
  %byte = arith.constant 1 : i8
  memref.store %byte, %bytes[%thread] : memref<128xi8>
  %is_second = arith.cmpi eq, %thread, %c1 : index
  scf.if %is_second {
    %v = memref.load %x[%c0] : memref<32xf32>
    memref.store %v, %s[%c0] : memref<32xf32, #gpu.address_space<workgroup>>
  }
""", races=True)

COPY = """
  %to = arith.muli %thread, %c4 : index
  %copies = arith.cmpi ult, %to, %c31 : index
  scf.if %copies {
    %copy = nvgpu.device_async_copy %x[%to], %s[%to], 4 : memref<32xf32> to memref<32xf32, #gpu.address_space<workgroup>>
    %group = nvgpu.device_async_create_group %copy
    BETWEEN
  }
  AFTER
"""
LOAD = f"%v = memref.load %s[%thread] : {SHARED}"
WAIT = "nvgpu.device_async_wait %group"
# A copy's bytes are read before its thread has waited, by itself or behind a barrier; or before a barrier, by another.
find(", block 0, thread 0 reads byte 0 of shared memory at memref.load (*), which thread 0 copies to at"
     " nvgpu.device_async_copy (*) and has not waited for",
     COPY.replace("BETWEEN", LOAD + "\n" + WAIT).replace("AFTER", ""), races=True)
find(", block 0, thread 0 reads byte 0 of shared memory at memref.load (*), which thread 0 copies to at"
     " nvgpu.device_async_copy (*) and has not waited for",
     COPY.replace("BETWEEN", "").replace("AFTER", "gpu.barrier\n" + LOAD), races=True)
find(", block 0, thread 1 reads byte 4 of shared memory at memref.load (*), which thread 0 writes at"
     " nvgpu.device_async_copy (*) with no barrier between",
     COPY.replace("BETWEEN", WAIT).replace("AFTER", LOAD), races=True)
find(", block 0, thread 0 copies 16 bytes at nvgpu.device_async_copy (*) between addresses that are no multiples of so"
     " many", COPY.replace("%to], %s", "%next], %s").replace("BETWEEN", WAIT).replace("AFTER", ""), races=False)
find(", block 0, thread 0 copies from shared memory, not global, at nvgpu.device_async_copy (*)",
     COPY.replace("%copy = nvgpu.device_async_copy %x[%to]",
                  f"%from = memref.memory_space_cast %s : {SHARED} to memref<32xf32>\n"
                  "%copy = nvgpu.device_async_copy %from[%to]").replace("BETWEEN", WAIT).replace("AFTER", ""), races=False)

# Barriers and shuffles where not all threads come.
find(", block 0: thread 0 waits at gpu.barrier #0 of m.dense (m.mlir:2:1), but thread 1 has ended", """
  scf.if %is_first {
    gpu.barrier loc("m.dense"("m.mlir":2:1))
  }
""", races=False)
find(", block 0: thread 0 waits at gpu.barrier #0 (*), but thread 1 waits at gpu.barrier #1 (*)", """
  scf.if %is_first {
    gpu.barrier
  } else {
    gpu.barrier
  }
""", races=False)
find(", block 0: thread 32 waits at gpu.shuffle #0 (*), but thread 33 has ended", """
  %c32 = arith.constant 32 : index
  %is_in = arith.cmpi ule, %thread, %c32 : index
  scf.if %is_in {
    %v, %valid = gpu.shuffle xor %half, %one, %width : f32
    memref.store %v, %x[%thread] : memref<32xf32>
  }
""", races=False, threads=64)
find(": block 0 waits for other blocks at gpu.barrier #0 (*), but block 1 has ended", """
  %is_first_block = arith.cmpi eq, %block, %c0 : index
  scf.if %is_first_block {
    gpu.barrier {nn.grid}
  }
""", races=False, blocks=2)

# Outside of memory.
find(", block 0, thread 31 writes 4 bytes at byte 128 of 128 of shared memory at memref.store (*)", f"""
  memref.store %half, %s[%next] : {SHARED}
""", races=True)
find(", block 0, thread 31 reads 4 bytes at byte 128 of 128 of the arena at memref.load (*)", """
  %v = memref.load %x[%next] : memref<32xf32>
  memref.store %v, %s[%thread] : memref<32xf32, #gpu.address_space<workgroup>>
""", races=True)

# Launches that no device takes.
find(" is launched on blocks of 1025 threads; a device takes 1 to 1024", "", races=False, threads=1025)
find(" is launched on 0 blocks; a device takes 1 to 2147483647", "", races=False, blocks=0)
find(" wants 232449 bytes of shared memory; a block has at most 232448", "", races=False, shared_bytes=232449)

print(f"all of {count} wrong kernels are found")
