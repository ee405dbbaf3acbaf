import Glibc

/// Memory from the system, aligned to 64 bytes.
enum HostMemory {
  /// Pieces from this size on come from the system alone and go back to it whole; the C library would keep them for
  /// smaller ones.
  private static let mapped = 1 << 18

  /// A processor knows the places of a few thousand pages only, so large arrays want large pages: loops over memory are up
  /// to a quarter faster, and the first touch several times.
  private static let hugePage = 2 << 20

  /// Nil where the system has none.
  ///
  /// - Parameter capacity: in bytes; whole pages from `mapped` on.
  static func allocate(_ capacity: Int) -> UnsafeMutableRawPointer? {
    if capacity >= hugePage { return hugePages(capacity) }
    if capacity >= mapped { return pages(capacity) }
    var piece: UnsafeMutableRawPointer?
    return posix_memalign(&piece, 64, capacity) == 0 ? piece : nil
  }

  static func free(_ pointer: UnsafeMutableRawPointer, capacity: Int) {
    if capacity >= mapped { munmap(pointer, capacity) } else { Glibc.free(pointer) }
  }

  private static func pages(_ capacity: Int) -> UnsafeMutableRawPointer? {
    let pages = mmap(nil, capacity, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    return pages == MAP_FAILED ? nil : pages
  }

  /// Memory that begins where a huge page can. The system is asked for these, and gives small ones where it has none.
  private static func hugePages(_ capacity: Int) -> UnsafeMutableRawPointer? {
    guard let pages = pages(capacity + hugePage) else { return nil }
    let before = -Int(bitPattern: pages) & (hugePage - 1)
    if before > 0 { munmap(pages, before) }
    munmap(pages + before + capacity, hugePage - before)
    madvise(pages + before, capacity, MADV_HUGEPAGE)
    return pages + before
  }
}
