//! Whether this processor has the instructions that the program was compiled for (`.cargo/config.toml`). Without this
//! look an old one would end it by SIGILL, without a word.

/// What is missing, in words; none where nothing is, or where it was compiled for any processor.
#[must_use]
pub fn missing() -> Option<&'static str> {
    #[cfg(all(target_arch = "x86_64", target_feature = "avx2"))]
    return x86_64::missing();
    #[cfg(not(all(target_arch = "x86_64", target_feature = "avx2")))]
    return None;
}

#[cfg(all(target_arch = "x86_64", target_feature = "avx2"))]
mod x86_64 {
    use std::arch::x86_64::{__cpuid, __cpuid_count};

    /// Bits of x86-64-v3 by register (System V ABI for x86-64, table 3.1; places in Intel's manual, CPUID): FMA,
    /// MOVBE, OSXSAVE, AVX and F16C.
    const BASIC_C: u32 = 1 << 12 | 1 << 22 | 1 << 27 | 1 << 28 | 1 << 29;
    /// BMI1, AVX2 and BMI2.
    const MORE_B: u32 = 1 << 3 | 1 << 5 | 1 << 8;
    /// LZCNT.
    const EXTENDED_C: u32 = 1 << 5;

    /// The macro of the standard library cannot be asked: for what the compiler may use it says yes unseen.
    pub(super) fn missing() -> Option<&'static str> {
        const EXTENDED: u32 = 0x8000_0000;
        let (most, most_extended) = (__cpuid(0).eax, __cpuid(EXTENDED).eax);
        let has = most >= 7
            && most_extended > EXTENDED
            && __cpuid(1).ecx & BASIC_C == BASIC_C
            && __cpuid_count(7, 0).ebx & MORE_B == MORE_B
            && __cpuid(EXTENDED + 1).ecx & EXTENDED_C == EXTENDED_C;
        (!has).then_some(
            "this processor has no AVX2 or BMI2 (x86-64-v3), which this build of siem-loader needs; run it on a newer \
             one (Intel since 2013, AMD since 2015), or build it with RUSTFLAGS='-C target-cpu=x86-64'",
        )
    }
}
