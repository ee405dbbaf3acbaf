import Glibc
import MartletCore
import MartletKernelTable

extension CPUDevice {
  func gather(_ gather: Gather, inputs: [Operand], outputs: [Operand]) throws {
    let indices = UnsafePointer(inputs[1].ints)
    let bytes = inputs[0].dtype.byteCount
    let row = gather.inner * bytes
    let (x, y) = (inputs[0].raw, outputs[0].raw)
    let rows = gather.outer * gather.count
    let group = max(1, elementsPerJob / max(1, gather.inner))
    parallel((rows + group - 1) / group) { job in
      for target in job * group..<min((job + 1) * group, rows) {
        let outer = target / gather.count
        let index = Int(indices[gather.isBatched ? target : target - outer * gather.count])
        let place = y + target * row
        if index < 0 || index >= gather.axis {
          memset(place, 0, row)
        } else if row == 4 {
          place.storeBytes(
            of: (x + (outer * gather.axis + index) * 4).load(as: UInt32.self), as: UInt32.self)
        } else {
          memcpy(place, x + (outer * gather.axis + index) * row, row)
        }
      }
    }
  }

  /// Rows are added in the order of their indices; jobs divide the outer axis and the columns, never the indices.
  func scatterAdd(_ gather: Gather, inputs: [Operand], outputs: [Operand]) throws {
    let indices = UnsafePointer(inputs[1].ints)
    let (count, axis, inner) = (gather.count, gather.axis, gather.inner)
    guard gather.outer * axis * inner > 0 else { return }
    let isFloat = outputs[0].dtype == .float32
    let code = BinaryOperation.add.rawValue
    let slab = inner <= 128 ? inner : 64
    let slabs = (inner + slab - 1) / slab
    let group = max(1, elementsPerJob / ((count + axis) * slab))
    let (y, x) = (inputs[0].floats, outputs[0].floats)
    parallel((gather.outer + group - 1) / group * slabs) { job in
      let column = job % slabs * slab
      let width = min(slab, inner - column)
      for outer in job / slabs * group..<min((job / slabs + 1) * group, gather.outer) {
        let target = x + (outer * axis * inner + column)
        let source = y + (outer * count * inner + column)
        let places = indices + (gather.isBatched ? outer * count : 0)
        if width == inner {
          memset(target, 0, axis * inner * 4)
        } else {
          for row in 0..<axis { memset(target + row * inner, 0, width * 4) }
        }
        for i in 0..<count {
          let index = Int(places[i])
          guard index >= 0, index < axis else { continue }
          let (to, from) = (target + index * inner, source + i * inner)
          if isFloat {
            if width < 8 {
              for c in 0..<width { to[c] += from[c] }
            } else {
              kernels.elements.binary(code, to, 1, from, 1, to, width)
            }
          } else {
            to.withMemoryRebound(to: Int32.self, capacity: width) { to in
              from.withMemoryRebound(to: Int32.self, capacity: width) { from in
                for c in 0..<width { to[c] &+= from[c] }
              }
            }
          }
        }
      }
    }
  }
}
