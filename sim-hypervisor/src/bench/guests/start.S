# How every guest begins: by PVH, in 32-bit protected mode without paging (what a hypervisor or QEMU's -kernel does), or, for a harness that
# sets up long mode by itself, at the ELF entry. Both come to main in 64-bit mode, as often as the entry's first instruction says (patch
# its operand for a longer run); its last result is left in rax and written to QEMU's exit device (port 0xf4). What goes on after that is
# told to end as Bochs is, by a word to port 0x8900, and the CPU halted.

        .section .note.Xen, "a", @note
        .align 4
        .long 4, 4, 18                  # PHYS32_ENTRY
        .asciz "Xen"
        .long start32

        .text
        .globl start64
start64:
        mov $1, %ebx
        movabs $stack_top, %rsp
        xor %ebp, %ebp
1:      call main
        dec %ebx
        jnz 1b
        mov $0xf4, %edx
        out %eax, %dx
        mov $0x8900, %edx
        mov $shutdown, %esi
        mov $8, %ecx
        rep outsb
0:      hlt
        jmp 0b

        .code32
start32:
        mov $pml4, %edi
        lea 0x1003(%edi), %eax
        mov %eax, (%edi)                # one PDPT
        lea 0x2003(%edi), %eax
        mov %eax, 0x1000(%edi)          # one page directory: 1 GiB
        mov $0x83, %eax                 # 512 pages of 2 MiB
        lea 0x2000(%edi), %ecx
1:      mov %eax, (%ecx)
        add $0x200000, %eax
        add $8, %ecx
        cmp $0x40000083, %eax
        jne 1b
        mov %cr4, %eax
        or $0x20, %eax                  # PAE
        mov %eax, %cr4
        mov %edi, %cr3
        mov $0xc0000080, %ecx           # EFER.LME
        rdmsr
        or $0x100, %eax
        wrmsr
        mov %cr0, %eax
        or $0x80000001, %eax
        mov %eax, %cr0
        lgdt gdt_pointer
        ljmp $8, $2f
        .code64
2:      xor %eax, %eax
        mov %eax, %ds
        mov %eax, %es
        mov %eax, %ss
        jmp start64

        .align 8
shutdown:
        .ascii "Shutdown"
gdt:    .quad 0, 0x00af9b000000ffff     # 64-bit code
gdt_pointer:
        .word 15
        .long gdt

        .bss
        .align 4096
pml4:   .skip 0x3000
        .skip 0x4000
stack_top:
