# The first sector of a disk that boots a guest by its PVH entry on a PC whose BIOS boots nothing but disks: the guest's ELF file follows
# at the second sector. It is read below 1 MiB, its segments are laid where they belong, and its only note says where it begins.

        .set FILE, 0x10000
        .set SECTORS, 64                # more than any of the guests has

        .code16
        .globl _start
_start: xor %ax, %ax
        mov %ax, %ds
        mov %ax, %ss
        mov $0x7c00, %sp
        mov $packet, %si
        mov $0x42, %ah                  # extended read from the drive in dl
        int $0x13
        jc .
        cli
        in $0x92, %al                   # address line 20
        or $2, %al
        out %al, $0x92
        lgdt gdt_pointer
        mov %cr0, %eax
        or $1, %al
        mov %eax, %cr0
        ljmp $8, $1f

        .code32
1:      mov $16, %eax
        mov %eax, %ds
        mov %eax, %es
        mov %eax, %ss
        cld
        mov $FILE, %ebx
        mov 32(%ebx), %ebp              # e_phoff
        add %ebx, %ebp
        movzwl 56(%ebx), %edx           # e_phnum
2:      mov 8(%ebp), %esi               # p_offset
        add %ebx, %esi
        cmpl $4, (%ebp)                 # PT_NOTE: 12 bytes of sizes and type, 4 of name, then the entry
        jne 3f
        pushl 16(%esi)
3:      cmpl $1, (%ebp)                 # PT_LOAD
        jne 4f
        mov 24(%ebp), %edi              # p_paddr
        mov 32(%ebp), %ecx              # p_filesz
        rep movsb
        mov 40(%ebp), %ecx              # p_memsz
        sub 32(%ebp), %ecx
        xor %eax, %eax
        rep stosb
4:      add $56, %ebp
        dec %edx
        jnz 2b
        ret

        .align 8
gdt:    .quad 0, 0x00cf9b000000ffff, 0x00cf93000000ffff
gdt_pointer:
        .word 23
        .long gdt
packet: .byte 16, 0
        .word SECTORS, 0, FILE / 16
        .quad 1

        .org 510
        .word 0xaa55
