"""中文文本；常量与 en.py 一一对应。"""

from __future__ import annotations

LANGUAGE = "中文"
NAME = "AIGC"
TITLE = "AIGC · 可以拆开来看的生成模型"
TAGLINE = "生成图像、文字、声音和视频的模型，全部由本仓库的脚本从零训练。页面上的一切都在你眼前、在这台机器上算出来。"
DESCRIPTION = "生成图像、文字、声音和视频的 GAN、VAE 与自注意力模型，全部从零训练：采样，在两张图之间漫步，看清每个注意力头看向哪里。"
FOOTNOTE = "这里生成的一切都出自人工智能，所用的检查点和设置就写在旁边。离开页面的文件都带有给程序读的标识（IPTC、GB 45438-2025），需要时也可以看得见。"

TABS = {"sample": "采样", "interpolate": "插值", "explore": "探索", "attention": "注意力",
        "timelapse": "训练过程"}  # fmt: skip
SWITCH = "语言"

CHECKPOINT = "检查点"
CHECKPOINT_INFO = "图像、文字、声音和视频"
CLASS = "类别"
CLASS_INFO = "告诉模型要生成什么；“任意”就由它随机决定"
COUNT = "数量"
SEED = "种子"
SEED_INFO = "同一个种子总是生成同样的结果"
RANDOMISE = "每次换一个新种子"
TEMPERATURE = "温度"
TEMPERATURE_INFO = "低于 1 更稳妥，高于 1 更冒险"
PROMPT = "开头"
PROMPT_INFO = "从这里接着写；留空则从头写起"
PROMPT_POEM = "第一行是题目，下一行是开头的字；都可以留空"
LENGTH = "长度"
LENGTH_INFO = "最多写多少个字符"
LENGTH_LOOK = "最多写多少个字符；0 表示只看开头本身"
NOTHING_WRITTEN = "没有可看的文字：请给一个开头，或者把长度设得大于 0。"
TOP_K = "前 k 个（top-k）"
TOP_K_INFO = "只从最可能的 k 个字符里选；0 表示全部"
TOP_P = "累积概率（top-p）"
TOP_P_INFO = "只从概率合计达到 p 的最可能的字符里选"
HALT = "停止"
LINES = {"across": "横排", "down": "竖排"}
SCRIPTS = {"written": "原字", "simplified": "简体"}
NO_PROMPT = "开头是不超过 {limit} 个字符的文字"
UNKNOWN_SYMBOLS = "这个模型从没见过 {symbols}；它们在文中显示为 �。"
LONG_PROMPT = "开头只有最后 {length} 个字符算数：模型一次看不到更多。"
DOWNLOAD_TEXT = "下载文字"
DOWNLOAD_SOUND = "下载 WAV"
DOWNLOAD_AUDIBLE = "带可听标识下载"
DOWNLOAD_VIDEO = "下载 WebP"
HOLD = "停住画面"
HEAR = "播放 {name}"
HEAR_ALL = "依次听完全部 {count} 个"
SAMPLE = "采样"
COPY_LINK = "复制链接"
DOWNLOAD = "下载 PNG"
SAVE_AS = "保存 {kind}"
NO_FILM = "这个视图没有可保存的动画；请选择循环或地图。"
NO_WALK = (
    "路径应是网格上至多 {limit} 个点的列表，例如 301.302.326，每个从 0 到 {last}，而不是 {value}。"
)
DRAG_FIRST = "还没有路径；请在地图上拖出一条，或按住 Shift 用方向键画。"
NO_KIND = "格式应是 {known}，而不是 {value}。"
LABELLED = "带可见标识"
DOWNLOAD_LABELLED = "带可见标识下载"

END_A = "起点"
END_B = "终点"
PICTURE = "改用一张图作为起点或终点"
STEPS = "步数"
PATH = "路径"
PATH_INFO = "随机的潜变量都在一个球面附近，圆弧不离开那里"
PATHS = {"slerp": "slerp · 沿圆弧", "lerp": "lerp · 沿直线"}
LENGTH_TITLE = "沿途潜向量的长度"
LENGTHS = (
    "直线离中心最近只有 {low}，圆弧最近是 {at}。{dimensions} 个数的随机潜向量长度在 {typical} 左右，"
    "模型正是在那里训练的。"
)
INTERPOLATE = "插值"
PLAY = "播放"
FRAME = "帧"

# 结果下方的设置与取值；这里没有的按原样显示。
SETTINGS: dict[str, str] = {
    "checkpoint": "检查点", "revision": "版本", "count": "数量", "seed": "种子",
    "label": "类别", "temperature": "温度", "label_a": "起点类别", "label_b": "终点类别",
    "prompt": "开头", "length": "长度", "top_k": "前 k 个", "top_p": "累积概率", "seed_a": "起点种子", "seed_b": "终点种子", "picture": "图", "drawing": "手绘", "picture_a": "起点的图",
    "picture_b": "终点的图", "steps": "步数", "path": "路径", "walk": "画出的路径", "view": "视图", "plane": "平面",
    "other seed": "另一个种子", "total": "样本数量", "rows": "保留的行数", "position": "位置", "layer": "层", "head": "头", "muted": "关掉的头",
    "label_c": "左下类别", "label_d": "右下类别", "side": "边长", "stops": "站数", "leg": "每段步数",
    "move_1": "方向 1", "move_2": "方向 2", "move_3": "方向 3", "move_4": "方向 4",
    "move_5": "方向 5", "move_6": "方向 6",
}  # fmt: skip
VALUES: dict[object, str] = {
    "any": "任意", "a picture": "你给的图", "map": "地图", "classes": "换个类别", "directions": "方向",
    "corners": "四角", "loop": "循环", "scores": "判别器", "project": "投影", "tradeoff": "温度", "modes": "覆盖",
    "complete": "半张图", "heads": "注意力头", "pixel": "一个位置", "formula": "公式",
    "means": "类别均值", "kl": "KL 最大",
}  # fmt: skip
PICTURE_ALT = "{name}，类别 {label}，图"
PICTURE_ALT_ALONE = "{name}，图"  # 没有指定类别
SAMPLES_OF = "{name} 的样本"
TIMES = (" 秒", " 分钟", " 小时")
QUANTITIES = ((1e8, " 亿"), (1e4, " 万"))
FIGURES: dict[str, str] = {
    "Label accuracy": "标签准确率",
    "In tune": "音准",
    "Nats/character": "每个字符的奈特数",
    "Nats/character, long context": "每个字符的奈特数，长上文",
    "Nats/letter behind the title": "标题之后每个字的奈特数",
    "Nats/letter, no line shared": "同上，没有相同诗句的诗",
    "Copied lines": "照抄的诗句",
    "Form kept": "符合所求体式",
    "Copied windows": "照抄的片段",
    "Frechet distance": "Fréchet 距离",
    "Precision": "精确率",
    "Recall": "召回率",
    "Density": "密度",
    "Coverage": "覆盖率",
    "Classes covered": "覆盖的类别",
    "KL of the classes": "类别分布的 KL 散度",
    "Classification accuracy score": "分类准确率得分",
    "Nearest training image": "最近的训练图像",
    "Nearest training image, features": "最近的训练图像（特征空间）",
    "Near copies": "近似复制",
    "Near copies, features": "近似复制（特征空间）",
    "-ELBO": "−ELBO",
    "-ELBO given the class": "给定类别的 −ELBO",
    "-log p(x)": "−log p(x)",
    "-log p(x|z)": "−log p(x|z)",
    "KL": "KL",
    "Bits/dim": "比特/维",
    "Bits/dim over 9 shifts": "对 9 种平移求和的比特/维",
    "Bits/dim given the class": "给定类别的比特/维",
    "Accuracy": "准确率",
}
# metrics.json 里的名称 -> 这项指标是什么，它的参照是什么；没有列出的按 metrics.json 里的英文说。
DEFINITIONS: dict[str, str] = {
    "label_accuracy": "分类器在样本里认出所求类别的比例。",
    "frechet_distance": "样本与测试图在分类器的特征里的距离（取平方），越小越近。",
    "precision": "落在某张真图邻域之内的样本所占的比例。",
    "recall": "落在某个样本邻域之内的真图所占的比例。",
    "density": "在真图所在之处，样本有多密。",
    "coverage": "自己的邻域里有样本的真图所占的比例。",
    "classes_covered": "不指定类别的样本里，分类器认出的类别占全部类别的比例；有一个样本就算。",
    "class_kl": "不指定类别的样本，其类别分布与真图类别分布的 KL 散度。",
    "nearest_training":
        "样本到最近一张训练图的距离的中位数（像素值从 0 到 1，平方和的根）；远低于参照才是照抄。",
    "near_copies":
        "样本里，离最近一张训练图的距离（按像素）比 99% 的真实测试图都小的比例。明显高于 1% 才是照抄；"
        "平滑的图不照抄也会近一些。",
    "nearest_training_features":
        "样本到最近一张训练图的距离的中位数，在分类器的特征里；远低于参照才是照抄。",
    "near_copies_features":
        "样本里，离最近一张训练图的距离（在分类器的特征里）比 99% 的真实测试图都小的比例。明显高于 1% 才是照抄。",
    "classification_accuracy_score": "只用样本训练的分类器，在全部真实测试图上认对的比例；几次训练的平均。",
    "in_tune": "最强的频率离所求的音不到半个半音的样本所占的比例；声音像页面上那样由频谱还原。",
    "negative_elbo": "−log p(x) 的上界，不给类别，在全部测试图上平均。它是下面两项之和。",
    "negative_elbo_given_class": "给定类别时 −log p(x) 的上界，在全部测试图上平均。",
    "reconstruction": "给定潜变量时描述像素所需的奈特数：−ELBO 的一部分。",
    "kl": "编码潜变量所需的奈特数：−ELBO 的一部分。",
    "negative_log_likelihood": "−log p(x) 的估计，由重要性加权得到，不给类别，在全部测试图上平均。",
    "bits_per_dim": "8 位像素值的精确负对数似然，不给类别，每个值的比特数，在全部测试图上平均。",
    "bits_per_dim_given_class":
        "8 位像素值的精确负对数似然，给定类别，每个值的比特数，在全部测试图上平均。",
    "bits_per_dim_turned":
        "8 位像素值的精确负对数似然，不给类别，每个值的比特数，在全部测试图上平均；"
        "模型先从训练时见过的几种平移或翻转中任选一种，画好再还原。",
    "nats_per_character": "没学过的文本里，每个字符的精确负对数似然。",
    "nats_per_character_long":
        "同上，但相邻的窗口重叠一半：除第一个窗口外，每个字符之前至少有半个窗口的上文。",
    "nats_per_letter": "没学过的诗里，第一行之后每个字的精确负对数似然，标点不算。",
    "nats_per_letter_apart":
        "同上，只算没有一句在训练部分里出现过的诗；其余的诗是学过的诗的异文，或引用了它们。",
    "copied_windows": "样本里 20 个字符的片段，原样出现在训练文本里的比例。",
    "copied_lines": "样本里，原样出现在训练部分里的诗句的比例。",
    "form_kept": "样本里，句数和每句字数都合乎所求体式的比例。",
    "accuracy": "认对的测试图所占的比例，测试图在训练中都没有见过。",
}  # fmt: skip
REFERENCES: dict[str, str] = {
    "label_accuracy": "同一个分类器在真实测试图上的比例",
    "frechet_distance": "用真实训练图代替样本",
    "precision": "用真实训练图代替样本",
    "recall": "用真实训练图代替样本",
    "density": "用真实训练图代替样本",
    "coverage": "用真实训练图代替样本",
    "classes_covered": "同样多的真图",
    "class_kl": "同样多的真图",
    "nearest_training": "真实测试图",
    "near_copies": "真实测试图，按定义如此",
    "nearest_training_features": "真实测试图",
    "near_copies_features": "真实测试图，按定义如此",
    "classification_accuracy_score": "同样用真实训练图教出来的分类器",
    "in_tune": "测试用的声音，同样由频谱还原",
    "nats_per_character": "五元（5-gram）模型，Kneser-Ney 平滑",
    "nats_per_character_long": "五元（5-gram）模型，Kneser-Ney 平滑",
    "nats_per_letter": "五元（5-gram）模型，Kneser-Ney 平滑",
    "nats_per_letter_apart": "五元（5-gram）模型，Kneser-Ney 平滑",
    "copied_windows": "没学过的文本",
    "copied_lines": "没学过的诗",
}
DEFINED = "{definition}参照：{reference}。"
OUT_OF = "{part}/{whole}"
UNITS: dict[str, str] = {"nats": "奈特", "bits/dim": "比特/维", "bits": "比特"}

WAITING = "第一个结果马上就来"
LINK_TROUBLE = "这个链接没能完全照做。"
BROKEN_ONE = "有 1 个检查点无法加载，其余的照常可用。"
BROKEN_MANY = "有 {count} 个检查点无法加载，其余的照常可用。"
BROKEN_ALL = "没有一个检查点能够加载。"
EMPTY = (
    "### 还没有检查点\n\n训练一个（几分钟即可），然后重新启动：\n\n"
    "```\npython -m train.gan --dataset mnist --data data --out checkpoints/gan-mnist "
    "--minutes 5\n```"
)
NOTHING_ABLE = "已加载的检查点都做不到这一点。这个标签页需要的能力是 **{capability}**。"
NOTHING_YET = "一旦从 Hugging Face Hub 取得，或按名称打开了合适的检查点，就会立即显示在这里。"

HUB_AWAY = "并非所有检查点都已从 Hugging Face Hub 取得；会自动再次尝试。"
HUB_CACHED = "暂时显示本机上的副本，版本 {revision}。"
HUB_WITHOUT = "其他检查点照常可用。"
HUB_OPEN = "从 Hugging Face Hub 打开检查点"
HUB_NAME = "名称"
HUB_HINT = "OWNER/NAME、OWNER/NAME@REVISION 或其网址；最大 {limit} MB"
HUB_BUTTON = "打开"
STOP = "。"
HUB_OPENING = "正在询问 Hub，并下载所需的文件……"
HUB_OPENED = "{name} 已打开（版本 {revision}），上方已选中它。"
HUB_ELSEWHERE = "{name} 已打开（版本 {revision}），但不适用于这个标签页，请到 {tabs} 查看。"
HUB_NOWHERE = "{name} 已打开（版本 {revision}），但本页没有能展示它的标签页。"
HUB_NOT_ALLOWED = "此处不能打开 {repo}；本页只打开 {names} 的检查点。"
# aigc.hub、aigc.checkpoint、aigc.film 和影片里的英文句子 -> 中文；没有列出的按原样显示。
SAID: dict[str, str] = {
    r"not here yet: .*": "还没有取到，正在下载",
    r"the Hub cannot be reached for (?P<repo>\S+) \((?P<kind>\w+)\); .*":
        "连接不上 Hub，无法取得 {repo}（{kind}）；请检查网络后再试",
    r"what answers for (?P<repo>\S+) is not the Hub \((?P<kind>\w+)\); .*":
        "应答 {repo} 的并不是 Hub（{kind}）；请检查 HF_ENDPOINT 和网络",
    r"the Hub took longer than (?P<seconds>\S+) s for (?P<repo>\S+); .*":
        "Hub 在 {seconds} 秒内没有给出 {repo}；请稍后再试",
    r"the Hub answered (?P<status>\d+) for (?P<repo>\S+); .*":
        "请求 {repo} 时 Hub 返回了 {status}；请稍后再试",
    r"the Hub asks for fewer requests \((?P<status>\d+), for (?P<repo>\S+)\); .*":
        "请求 {repo} 过于频繁（{status}）；请过几分钟再试",
    r"the Hub refuses (?P<repo>\S+) \((?P<status>\d+)\); .*":
        "Hub 拒绝访问 {repo}（{status}）；请用有权限的令牌运行 `hf auth login`",
    r"the token of this machine has a letter that no token has; .*":
        "这台机器的令牌里有不该有的字符；请重新运行 `hf auth login`",
    r"the download of (?P<repo>\S+) broke off; .*": "{repo} 的下载中断了；请再试一次",
    r"(?P<repo>\S+) is not on the Hub, or is private; .*":
        "Hub 上没有 {repo}，或者它是私有的；请检查名称，或运行 `hf auth login`",
    r"(?P<repo>\S+) is gated: .*": "{repo} 需要申请：请在它的页面上申请，再运行 `hf auth login`",
    r"(?P<repo>\S+) has no revision (?P<revision>.+); .*":
        "{repo} 没有版本 {revision}；请写分支、标签或提交",
    r"(?P<revision>.+) is no revision; .*": "{revision} 不是版本；请写分支、标签或提交",
    r"(?P<name>.+) is no (repository|address) of the Hub; .*":
        "{name} 不是 Hub 上的仓库；请写成 OWNER/NAME",
    r"(?P<repo>\S+) is (?P<size>[\d,]+) MB, and at most (?P<limit>[\d,]+) MB are downloaded":
        "{repo} 有 {size} MB，这里最多下载 {limit} MB",
    r"(?P<repo>\S+) has no (?P<file>\S+): it is no checkpoint of this project":
        "{repo} 里没有 {file}：它不是本项目的检查点",
    r"(?P<repo>\S+) has the file (?P<file>.+), which runs code .*":
        "{repo} 里有文件 {file}，读取它会执行代码；因此不下载",
    r"(?P<repo>\S+) has a file named (?P<file>.+), which leads elsewhere; .*":
        "{repo} 里有一个文件名 {file} 指向别处；因此不下载",
    r"(?P<file>\S+) of (?P<repo>\S+) is not what the Hub announced .*":
        "{repo} 的 {file} 与 Hub 公布的不符（哈希值不同）；请再试一次，仍然如此请告诉它的作者",
    r"the cache (?P<path>.+) cannot be written \((?P<why>.+)\); .*":
        "缓存 {path} 无法写入（{why}）；请腾出空间，或把 HF_HOME 设为别的文件夹",
    r"the \w+ (?P<name>.+) has no checkpoints with the tag aigc; .*":
        "{name} 下没有带 aigc 标签的检查点；请检查名称",
    r"(?P<repo>\S+) is not on this machine and HF_HUB_OFFLINE is set; .*":
        "本机上没有 {repo}，又设置了 HF_HUB_OFFLINE；请取消该设置",
    r"somebody else is writing to (?P<repo>\S+) at this moment \((?P<status>\d+)\); .*":
        "此刻有人正在写入 {repo}（{status}）；请再试一次",
    r"the Hub names no commit for (?P<repo>\S+); .*": "Hub 没有给出 {repo} 的提交；请再试一次",
    r"the download was larger than announced, .*": "下载的内容比公布的大，已经中止",
    r"(?P<file>.+) is missing; is this a checkpoint folder\?": "{file} 不存在；这是检查点文件夹吗",
    r"(?P<file>.+) is over (?P<size>\d+) MB; .*": "{file} 超过 {size} MB，因此不读取",
    r"(?P<file>.+) cannot be read: (?P<why>.+)": "{file} 无法读取：{why}",
    r"(?P<file>.+) holds a (?P<kind>\w+) where (?P<wanted>.+) belongs":
        "{file} 的内容类型不对（{kind}）",
    r"(?P<file>.+) lacks (?P<keys>.+?)( in 'config')?; train it again .*":
        "{file} 缺少 {keys}；请重新训练，或取一份完整的副本",
    r"(?P<file>.+) has the unknown key (?P<keys>.+?)( in 'config')?; train it again .*":
        "{file} 里有不认识的 {keys}；请重新训练，或取一份完整的副本",
    r"(?P<file>.+) names the family (?P<family>.+); known: (?P<known>.+)":
        "{file} 写的模型族 {family} 不认识；可用的有 {known}",
    r"(?P<file>.+): 'config' is not an object": "{file} 里的 'config' 类型不对",
    r"(?P<file>.+): 'config\.(?P<key>.+)' is (?P<value>.+), where a (?P<kind>\w+) belongs":
        "{file} 里的 'config.{key}' 是 {value}，应为 {kind}",
    r"(?P<file>.+): 'config' cannot be built: (?P<why>.+)":
        "{file} 里的 'config' 建不成模型：{why}",
    r"(?P<file>.+): (?P<key>'.+') has shape (?P<given>.+) where (\S+) asks for (?P<wanted>.+)":
        "{file} 里的 {key} 形状是 {given}，配置要求 {wanted}",
    r"(?P<file>.+): (?P<key>'.+') is (?P<kind>\S+); weights are (?P<known>.+)":
        "{file} 里的 {key} 类型是 {kind}，权重应为 {known}",
    r"(?P<file>.+): (?P<key>'.+') holds NaN or infinity; .*":
        "{file} 里的 {key} 含有 NaN 或无穷大；请重新训练",
    r"(?P<file>.+) has format (?P<given>.+) and this version reads format (?P<known>.+); .*":
        "{file} 的格式是 {given}，此版本读取的格式是 {known}；请更新项目，或重新训练",
    r"(?P<file>.+): 'labels' is a list of distinct class names":
        "{file} 里的 'labels' 应是互不相同的类别名",
    r"(?P<file>.+): label (?P<number>.+) is not a printable name of up to (?P<limit>.+) bytes; .*":
        "{file} 里第 {number} 个类别名含有不可显示的字符，或超过 {limit} 字节；请改名",
    r"(?P<file>.+): 'dataset' is a name and 'training' is an object":
        "{file} 里的 'dataset' 应是名称，'training' 应是一组键和值",
    r"(?P<file>.+): 'media' is (?P<given>.+) and 'config' makes (?P<made>.+)":
        "{file} 里的 'media' 是 {given}，而 'config' 生成 {made}",
    r"(?P<file>.+): 'labels' and 'config\.classes' differ in number":
        "{file} 里 'labels' 与 'config.classes' 的数目不同",
    r"(?P<file>.*config\.json): (?P<why>(an? |the |'media' (names|has) ).+)":
        "{file} 里的 'media' 不对：{why}",
    r"(?P<file>.+) lists over (?P<count>\d+) snapshots; .*": "{file} 列出了超过 {count} 个快照",
    r"(?P<file>.+): 'file' of snapshot (?P<number>\d+) names a PNG( or a JSON file)? beside it":
        "{file} 里第 {number} 个快照的 'file' 应是同一文件夹里的 PNG 或 JSON 文件",
    r"(?P<file>.+) is no list of texts": "{file} 不是文本的列表",
    r"(?P<file>.+): snapshot (?P<number>\d+) lacks .*":
        "{file} 里第 {number} 个快照缺少 'step'、'images' 或 'minutes'",
    r"(?P<file>.+) is missing; is this a film\?": "{file} 不存在；这是影片吗",
    r"(?P<file>.+): .* are texts, 'training' is an object, and .*":
        "{file} 里的 说明应是文本，'training' 是一组键和值，'outcome' 是一组数",
    # train.recipes 里的说法，和 train.watch 的报告
    "the discriminator wins, and the generator learns nothing": "判别器获胜，生成器什么也学不到",
    "judge real and made in pairs": "把真图和假图成对地判别",
    "the gradient penalties R1 and R2": "两种梯度惩罚 R1 和 R2",
    "another noise distribution": "换一种噪声分布",
    "a discriminator of a quarter of the width": "宽度只有四分之一的判别器",
    "a fifth of the learning rate, falling on a cosine": "学习率减到五分之一，按余弦下降",
    "pairs, penalties and schedule together": "成对判别、梯度惩罚和学习率调度一起用",
    "a discriminator too narrow and slow takes noise for digits":
        "判别器太窄太慢，把噪声当成了数字",
    "a discriminator of four times the width, as slow": "宽度四倍的判别器，同样慢",
    "ten times the learning rate of the discriminator, as narrow":
        "判别器的学习率乘以十，同样窄",
    "few images, few latents, no depth and a large weight on the KL term blur the pictures":
        "图少、潜变量少、没有深度、KL 项的权重大，图就模糊",
    "60 times the data": "60 倍的数据",
    "two residual blocks more": "多两个残差块",
    "the balance coefficient of the ELBO itself, 1 for 4": "平衡系数用 ELBO 本来的 1，不用 4",
    "a balance coefficient of 0.1 for 4": "平衡系数用 0.1，不用 4",
    "16 times the latents": "16 倍的潜变量",
    "more data, depth, latents, and the balance coefficient 1":
        "更多数据、深度、潜变量，平衡系数为 1",
    r"collapsed: the generator makes nearly the same picture .* \((?P<share>\S+) of .*":
        "崩溃：无论用什么潜变量，生成器画出的都几乎是同一张图（多样性只有数据的 {share}）",
    r"collapsed: the latents say nothing \(KL (?P<kl>\S+) nats .*":
        "崩溃：潜变量什么也不说（KL 一共 {kl} 奈特），解码器不用它们",
    r"diverged: the discriminator is certain .* \(by (?P<by>\S+) logits, a loss of (?P<loss>\S+)\).*":
        "发散：判别器对每张图都十拿九稳（领先 {by} 分，损失 {loss}），生成器无从学起",
    r"stalled: the discriminator takes what is made for real \(by (?P<by>\S+) logits\).*":
        "停滞：判别器把假图当真（领先 {by} 分），教不了生成器什么",
    "stalled: the weights of generator no longer change": "停滞：生成器的权重不再变化",
    "stalled: the weights of discriminator no longer change": "停滞：判别器的权重不再变化",
    r"stalled: the weights of (?P<name>.+) no longer change": "停滞：{name} 的权重不再变化",
    r"diverged: (?P<name>.+) is (?P<value>\S+), it was (?P<best>\S+) before and (?P<start>\S+) .*":
        "发散：{name} 是 {value}，此前到过 {best}，开始时是 {start}",
    r"diverged: (?P<name>.+) is (?P<value>\S+), it was (?P<start>\S+) at the start":
        "发散：{name} 是 {value}，开始时是 {start}",
    r"stalled: (?P<name>.+) is (?P<value>\S+) and was (?P<start>\S+) at the start":
        "停滞：{name} 是 {value}，开始时是 {start}",
    r"(?P<file>.+) is not of these weights; .*":
        "{file} 测量的是另一份权重；请再次运行 python -m train.survey",
    r"(?P<file>.+): (?P<why>.+); run python -m train\.survey again":
        "{file} 不对（{why}）；请再次运行 python -m train.survey",
    r"(?P<path>.+) could not be written \((?P<why>.+)\); .*":
        "{path} 写不进去（{why}）；请腾出空间，或者换一个地方",
    r"(?P<path>.+) is not a folder; .*": "{path} 不是文件夹",
    r"(?P<file>.+) is no PNG": "{file} 不是 PNG",
}  # fmt: skip
DUPLICATE = "复制此 Space"

FAMILIES = {
    "gan": "生成对抗网络",
    "vae": "变分自编码器",
    "ladder": "分层变分自编码器",
    "attention": "自注意力，一块一块地画",
    "language": "自注意力，一个字符一个字符地写",
    "classifier": "分类器",
}

MEASURES = {
    "image": "{width}×{height} {colours}",
    "video": "{frames} 帧 {width}×{height}，{colours}",
    "sound": "{seconds:.2f} 秒，每秒 {rate} 个采样",
    "text": "{symbols} 种字符，一次看 {length} 个",
}
COLOURS = {1: "灰度", 3: "彩色"}
WEIGHTS = "个权重"
TRAINED = "训练了"
SEEN = {"image": "张图", "sound": "个声音", "video": "段视频", "text": "段文字"}
REVISION = "版本"
REFERENCE = "参照"
ALL_FIGURES = "全部 {count} 项指标"
FIGURES_ARE = "这些指标是什么"
LOCAL = "本机"

ABOUT_TITLE = "工作原理"

ABOUT = {
    "gan": r"""
## 生成对抗网络
两个网络互相较量。**生成器** $G$ 把随机数 $z$ 变成一张图；**判别器** $D$ 看一张图，说出它有多像真的。
$D$ 学着分辨真假，$G$ 学着骗过 $D$；双方都在进步，$G$ 画的图也就越来越难与真图区分。有类别时，两者都知道类别。

$$\min_G \max_D \; \mathbb{E}_{x \sim \text{data}}\big[\log D(x)\big]
+ \mathbb{E}_{z \sim p(z)}\big[\log\big(1 - D(G(z))\big)\big]$$

除非另有指定，本仓库的训练方法是同一场较量的更稳定的版本：$D$ 给真图和假图成对打分，并最小化

$$\mathbb{E}\big[\operatorname{softplus}\big(d(G(z)) - d(x)\big)\big]$$

其中 $d$ 是 sigmoid 之前的分数。$G$ 最小化的是把这一对交换之后的同一个式子，同时在真图和假图处都约束
$d$ 的斜率。GAN 一步成图，图像清晰，但它说不出一张图的概率是多少。

**温度**缩放 $z$（也叫截断）：接近 0 时，每张图都是最典型的样子（有类别时，是该类别的）；等于 1 时，变化与训练时相同。

**什么有帮助**：每次只改一处，看 `python -m train.recipes` 训练 800 步之后有多少样本属于该类别。minimax 损失配五倍的学习率必败，9%；换一种噪声分布救不了它，9%，
缩小判别器，9%，让学习率逐渐下降，10%，也都不行；只有约束 $d$ 的斜率可以，95%。如果弱的是判别器，5%，那么把它加宽到四倍，86%，
或者把它的学习率提高到十倍，74%，就好了。
""",
    "vae": r"""
## 变分自编码器
**编码器**把一张图 $x$ 压缩成几个数：不是一个点，而是一个高斯分布 $q(z \mid x)$，有自己的均值 $\mu$ 和方差
$\sigma^2$。**解码器** $p(x \mid z)$ 再把这团云里的一个点变回一张图。训练同时要求两件事：图能够还原；
所有的云合在一起像一个标准正态分布，这样随机的 $z$ 也能解码出有意义的图。

$$\log p(x) \;\ge\;
\underbrace{\mathbb{E}_{q(z \mid x)}\big[\log p(x \mid z)\big]}_{\text{重建}}
\;-\; \underbrace{\mathrm{KL}\big(q(z \mid x)\,\|\,p(z)\big)}_{\text{靠近先验}}$$

$$\mathrm{KL} = \tfrac{1}{2} \sum_i \big(\mu_i^2 + \sigma_i^2 - 1 - \log \sigma_i^2\big)
\qquad z = \mu + \sigma \odot \epsilon,\; \epsilon \sim \mathcal{N}(0, I)$$

右边就是 **ELBO**，单位是奈特。$z$ 没有说定的细节都取了平均，所以图看上去有一点软。

**温度**缩放 $z$：接近 0 时是最典型的图，等于 1 时是模型自己的分布。

**什么有帮助**：每次只改一处，看 `python -m train.recipes` 给出的测试图上的界。1,000 张图、2 个潜变量、没有残差块、KL 项算四倍时是 164.8 奈特；
图像多到 60 倍是 158.2，加深是 165.1，KL 项只算一倍是 165.6，只算十分之一是 171.0，32 个潜变量是 140.1，全部加起来是 107.7。
""",
    "ladder": r"""
## 分层变分自编码器
这个 VAE 的潜变量是一架梯子 $z_1 \dots z_L$：最上面是整张图的一个向量，下面各层是特征图，每个位置几个数。
**编码器**在每一种尺寸上看这张图；往下走时，每一层都参照上面各层来推断，即 $q(z_l \mid z_{<l}, x)$，
只说上面没有说定的东西。

$$\log p(x) \;\ge\;
\mathbb{E}_{q}\big[\log p(x \mid z)\big]
\;-\; \sum_{l=1}^{L}
\mathbb{E}_{q}\big[\mathrm{KL}\big(q(z_l \mid z_{<l}, x)\,\|\,p(z_l)\big)\big]$$

每个 $p(z_l)$ 都是标准正态分布，所以随机抽出全部数字就是一张图；也可以保留上面几层的决定，把其余的重新抽取。
普通的 VAE 就是只有最上面一层的梯子。

**温度**缩放所有层：接近 0 时是最典型的图，等于 1 时是模型自己的分布。
""",
    "attention": r"""
## 自注意力
图被看成一串小块，从左到右、从上到下地画，每一块都以此前画出的一切为条件。每一步都向前面的各块提问：
它的**查询** $q$ 与它们的**键** $k$ 比较，得分经过 softmax，就是从每个**值** $v$ 取多少。掩码不许往前偷看。

$$\mathrm{Attention}(Q, K, V) = \mathrm{softmax}\!\left(\frac{Q K^\top}{\sqrt{d_k}} + M\right) V,
\qquad M_{ij} = \begin{cases} 0 & j \le i \\ -\infty & j > i \end{cases}$$

$$p(x) = \prod_t p(x_t \mid x_1, \dots, x_{t-1})$$

几个**头**并排地这样做，几**层**再叠在一起。连乘积是精确的似然，以每个像素值的比特数报告；代价是：图有多少块，
就要走多少步，而注意力本身的计算量随块数的平方增长。页面上显示的是**逐步写出**的这一层：得分、掩码、softmax、加权求和；
快的那条路用 PyTorch 的融合内核，有测试保证两者相等。

**温度**在每次抽取之前除以 logits：低于 1 偏爱更可能的值，等于 0 则总取最可能的那个。
""",
    "language": r"""
## 写字的自注意力
文字是一串字符，一个接一个地写，每一个都以前面的全部为条件。每一步都向前面的字符提问：它的**查询** $q$
与它们的**键** $k$ 相比较，分数经过 softmax 之后，决定每个**值** $v$ 流进来多少；掩码不许看后面。

$$\mathrm{Attention}(Q, K, V) = \mathrm{softmax}\!\left(\frac{Q K^\top}{\sqrt{d_k}} + M\right) V
\qquad p(x) = \prod_t p(x_t \mid x_1, \dots, x_{t-1})$$

模型不认识词，只认识字符：拼写、换行、谁在说话，都是从一本书里学来的。它一次只看得到有限的字符，更早的
就忘了。读过的文字越少，越容易整段背下来：卡片上的“照抄的片段”说的就是这个。

**温度**在每次抽取之前除 logits：低于 1 偏向可能性大的字符，0 总是取最可能的那个。
""",
}

# 有的分层 VAE 有、有的没有的东西，接在上文之后
LADDER_WINDOW = r"""
**这一个带有窗口。** 如果解码器在给定 $z$ 之后一次说出所有像素，各管各的，那么每条边缘要么由 $z$ 说清，
要么只能对它可能经过的地方取平均：这就是 VAE 的模糊。这里每个像素还看得见逐行在它之前画出的像素，
最多向上 WINDOW 行，向左右各 WINDOW 列：

$$p(x \mid z) = \prod_i p(x_i \mid x_{<i},\, z)$$

于是像素之间能互相说明的事不必由 $z$ 来说，下面的层可能因此沉默。图是逐个像素画出来的，每个像素取它的均值，
所以一个 $z$ 仍然对应一张图。
"""
LADDER_BEGAN = """
它是从 `{name}` 的权重开始训练的：许多种子在那里画出差不多的数字，是没有窗口时的样子。
"""

# GAN 是怎样训练的，按它的训练参数说，接在上文之后
ABOUT_THIS = "\n**这一个**：{loss}；{slopes}。\n"
GAN_LOSSES = {
    "relativistic": "真图和假图成对打分，如上所述（相对损失）",
    "minimax": "真图和假图分开打分，双方一字不差地玩最初的那场较量（minimax）",
    "non-saturating": "真图和假图分开打分，$G$ 提高 $D(G(z))$ 的对数（非饱和损失）",
    "hinge": "真图和假图分开打分，各自只到 1 的间隔为止（hinge 损失）",
    "wasserstein": "真图和假图分开打分，$D$ 把两边的均值拉开（Wasserstein 损失）",
}
GAN_SLOPES = {
    "both": "在真图和假图处都约束 $d$ 的斜率",
    "r1": "只在真图处约束 $d$ 的斜率",
    "r2": "只在假图处约束 $d$ 的斜率",
    "gp": "在真图和假图之间，把 $d$ 的斜率保持在 1",
    "none": "没有什么约束 $d$ 的斜率",
}

ABOUT_INTERPOLATE = r"""
## 两张图之间
有潜空间的模型给每张图一个地址 $z$。从一个地址走到另一个，边走边解码，就能看到模型在两者之间放了什么。
随机地址都离一个球面很近，所以 **slerp** 沿着圆弧走：

$$z_t = \ell_t \left( \frac{\sin((1-t)\,\theta)}{\sin\theta}\,\hat z_a
+ \frac{\sin(t\,\theta)}{\sin\theta}\,\hat z_b \right),
\qquad \theta = \angle(z_a, z_b), \quad \ell_t = (1-t)\,\|z_a\| + t\,\|z_b\|,$$

其中 $\hat z$ 是 $z$ 的方向；**lerp** 则走直线 $z_t = (1-t)\,z_a + t\,z_b$，穿过很少用到的中间地带。
两种走法里，类别都沿直线混合，所以 3 可以变成 8。
"""

# 样本里的类别
COVERAGE_TITLE = "这些样本里的类别"
COVERAGE_KL = (
    "{name} 在 {count} 个样本里认出了 {classes} 个类别中的 {seen} 个；同样多的真实抽样平均会有 {expected} 个。"
    "与{target}的 KL 为 {kl} 奈特；真实抽样平均也会有 {floor}。"
)
COVERAGE_TARGETS = {True: "训练图类别分布", False: "均匀分布"}
MODES_ALT = "{classes} 个类别的地图，出现了 {seen} 个"
MODES_LEGEND = ("没有", "少于应有", "应有份额", "两倍", "更多")
MODES_OFTEN = "最常见：{names}。"
MODES_MISSING = "缺少：{names}。"
MODES_FIRST = "马上开始。覆盖一次只画一个：可能要等别的访客的先结束。"
MODES_ENDED = "{count} 个样本：已被停止，或者 {seconds} 秒到了。"

# 采样处的一句话：实测结果
COPIES = {
    "near_copies": "有没有死记硬背？温度 1 时，样本中有 {share} 与某张训练图近到真实测试图里只有 {real} 才有的程度",
    "copied_lines": "有没有死记硬背？温度 1 时，它写的句子有 {share} 原样出现在训练文本里；它没见过的文本里有 {real}",
    "copied_windows": "有没有死记硬背？温度 1 时，它写的片段有 {share} 一字不差地出现在训练文本里；它没见过的文本里有 {real}",
}
COPIES_FEATURES = "（按分类器的特征为 {share}）"
COPIES_NEAREST = "；到最近训练图的距离中位数是 {distance}，真实测试图是 {real}"
TRADEOFF_HERE = (
    "在测过的最近温度 {temperature}：{precision} 的样本靠近真图（精确率），{recall} 的真图靠近样本（召回率），"
    "Fréchet 距离 {frechet}。"
)
TRADEOFF_ALL = "到“探索”里看所有温度"

# 对一个检查点可以期待什么，按它的类型
EXPECT_TITLE = "可以期待什么"
EXPECT_THIS = "（这一个：{figures}）"
EXPECT_BESIDE = "对照：{others}。"
EXPECT_OTHER = "{name}，{figure} {value}"
# 分层的 VAE 有窗口时，代替上面的话
EXPECT_WINDOW = (
    "像素看得见彼此的 VAE{this}：像素之间能互相说明的事，不必由潜变量来说。所以图是清晰的，靠下的各层几乎不决定什么，"
    "下面可以看到；每个像素取均值来画，因此少了些变化。"
)
EXPECT_MENDED = "和救回来的那一个并排看"
EXPECT_CERTAIN = "gan-certain 与 gan-penalties"
EXPECT_CODED = "；在{link}里可以自己画一个，看它编码再解码，以及界的两项"
EXPECT = {
    "gan": "GAN 一步成图，训练顺利时清晰而多样{this}。但训练是一场可能输掉的较量：gan-mnist-collapsed 无论要什么都只画一种图，在“训练过程”里可以{mended}。"
    "后者连损失函数也换了，所以两者的曲线刻度不同；只差梯度惩罚这一处的是 {certain}。"
    "GAN 也难以操纵：没有编码器，要找到你画的图只能靠搜索（“{explore}”里的“{project}”）。",
    "vae": "VAE 的道理清楚：编码、解码，并给出似然的界{this}。潜变量没有说定的都取了平均，所以图有一点软{coded}。",
    "ladder": "分层的 VAE 比普通的能说得更多{this}，也同样好懂：下面可以看到每一层决定什么。",
    "attention": "它自己找到该看哪里，似然也是精确的{this}。代价是：{steps} 步，每一步都看前面的全部，每个头就是 {pairs} 对；块数翻倍，对数就是四倍。"
    "键和值都留着（缓存），所以每一步只需算自己的一行（见“{attend}”里的“{cost}”）。",
    "language": "它自己找到该读哪里，似然也是精确的{this}。代价是：{steps} 个字符，每个都读前面的全部，每个头就是 {pairs} 对；长度翻倍，对数就是四倍。"
    "键和值都留着（缓存），所以每一步只需算自己的一行（见“{attend}”里的“{cost}”）。",
}

# 判别器给每个样本的分数
SCORES_SWITCH = "判别器的分数"
SCORED = "分数 {score}，高于{images}的 {share}"
SCORES_UNDER = (
    "生成器作图，判别器分辨真假：每张图下面是它的分数（logit），横条是分数更低的{images}所占的比例。"
    "这些样本的中位数是 {share}，50% 就是不分胜负。"
)
SCORES_UNDER_ALONE = "生成器作图，判别器分辨真假：每张图下面是它的分数（logit）。这里没有测过真图的分数，所以只有分数之差才说明问题。"
SCORES_MORE = "它看中了图的哪里，见“探索”"
SCORES_DRAWING = "自己画一个，让它来判断"

# 样本中的一张图
CHOSEN = "选中的图"
PICK_INFO = "点选一张图，查看详情。"
STAR = "收藏"
FAVOURITES = "收藏夹"
FAVOURITES_INFO = "只存在这个浏览器里，存的是能重新生成它们的链接。"
VARIATIONS = "变体：离多远"
OTHER_VARIATIONS = "换一批"
VARIED = "第 {number} 张图的变体，幅度 {spread}"
VARIATIONS_INFO = "z′ = √(1 − s²) z + s e：把这张图的潜变量与同样抽出的其他潜变量混合。s = 0 时就是原图，s = 1 时原来的潜变量一点不剩。"
CHOSEN_SCORE = "判别器的分数是 <b>{score}</b>，高于{images}的 {share}。橙色处多一点墨会提高分数，蓝色处会降低分数。"
SCORED_IMAGES = {True: "同类测试图", False: "测试图"}  # 有类别，或没有
CHOSEN_SCORE_ALONE = "判别器的分数是 <b>{score}</b>；这里没有测过真图的分数，单独一个分数没有意义。橙色处多一点墨会提高分数，蓝色处会降低分数。"
THE_CHOSEN = "选中的图"
THE_SPREAD = "变体的幅度"

# 潜变量的各层：保留，或重新抽取
LEVELS_TITLE = "逐层来看：保留上面几层，其余重新抽取"
LEVELS_INFO = (
    "这个种子的第一张图：自上而下保留越来越多的层，其余各层重新抽取，每行八次。"
    "一行里各张图相同的地方，就是保留的层所决定的。"
)
LEVELS_DRAW = "重新抽取其余各层"
LEVELS_KEPT = "保留 {levels} 层中的 {kept} 层"

# 潜空间里的图
CODE_TITLE = "你的图在潜空间里"
CODE_PAD = "你写的数字"
CODE_CLASS = "它是"
CODE_LOOK = "编码再解码"
CODE_OTHER = "同样的风格，换成"
AS_GIVEN = "居中后的图"
CAME_BACK = "重建"
NATS = "{value} 奈特"
TERM_RECONSTRUCTION = "重建项"
TERM_KL = "KL 项"
TERMS_INFO = (
    "编码这张图所需的奈特数：给定潜变量时描述图本身（{draws} 次抽取的平均，灰色像素按落墨的概率计），"
    "加上相对先验编码潜变量。"
)
TERMS_WEIGHED = "训练时 KL 项乘以 λ，这里 λ = {beta}。λ 小一些，留下的就多一些：train.recipes 里最小的 VAE，λ = 4 时是 4.1 奈特，λ = 1 时是 6.3 奈特，λ = 0.1 时是 11.1 奈特。"
# static/latents.html 里的文字，按其中的名字
LATENTS = {
    "picture": "解码结果",
    "help": "对这张图说得最多的几个潜变量，每个从 −4 到 4，其余不动；画本身所在的位置另有一格。横条是它的 KL，单位是奈特。",
}

DRAW = "在这里画"
UPLOAD = "上传"
CLEAR = "清除"
PAD_HINT = "{label}：画一画，或者上传一张图"
NO_PICTURES = "{name} 不接受图片；请选一个画图的检查点。"
NO_PICTURE = "这不是能读取的图片，请换一个 PNG、JPEG 或 WebP 文件。"
LARGE_FILE = "图片超过 {limit} MB，请换一张小一些的。"
LARGE_PICTURE = "图片的宽或高超过 {limit} 像素，请换一张小一些的。"
NO_ENCODER = "{name} 不能从图片出发，请换一个带编码器的检查点，或者清除图片。"

# 出错时的话：一句话，说清楚该怎么办。
OR = " 或 "
CHOOSE = "请从 {known} 中选一个"
NONE_CAN = "已加载的检查点都不行"
LACKS = "{name} 没有 {capability} 能力；{choose}。"
NOT_LOADED = "{name} 无法加载：{error}"
NO_CHECKPOINT = "没有检查点 {name}；{choose}。"
NO_TAB = "没有标签页 {name}。"
NO_LANGUAGE = "没有语言 {name}，请选 {known}。"
THE_SEED = "种子"
THE_COUNT = "数量"
THE_STEPS = "步数"
THE_TEMPERATURE = "温度"
THE_LENGTH = "长度"
THE_TOP_K = "前 k 个（top-k）"
THE_TOP_P = "累积概率（top-p）"
THE_LINES = "排版方向"
THE_SCRIPT = "字形（繁/简）"
NO_WHOLE_NUMBER = "{name}应是 {low} 到 {high} 之间的整数，而不是 {value}。"
NO_FILE = "没有上传的文件不能当作值；请直接传值。"
NO_VALUE = "（空）"
NO_AMOUNT = "{name}应是 {low} 到 {high} 之间的数，而不是 {value}。"
NO_PATH = "路径应是 {known}，而不是 {value}。"
NO_CLASS = "{name} 没有类别 {value}；请从 {known} 中选一个。"
OTHER_REVISION = "链接出自 {name} 的版本 {revision}，而这里是 {here}，看到的结果可能不同。"
NO_PACKED = "链接里的图不完整或已损坏，请重新复制整个链接。"
NO_LATENTS = "潜变量应写成 3:1.25,17:-0.5 这样的列表，每项是编号和 -{reach} 到 {reach} 之间的值，不能是 {value}。"
UNKNOWN_IN_LINK = "链接里有不认识的参数：{names}。"
OR_WORDS = "，或者 {words}"
NO_PLACE = "{name}应是从 1 起的整数{also}，而不是 {value}。"
PLACES = {"layer": "层", "head": "头", "position": "位置"}
PAD_EMPTY = "画板是空的，请先画点什么，或者选一张图。"
DRAW_FIRST = "请先画一张图。"

# 注意力标签页
DRAW_PICTURE = "开始画"
WRITE = "开始写"
OWN_PICTURE = "用你自己的图"
OWN_PICTURE_INFO = "起始符带着上面选定的类别，不管对不对。"
LOOK = "它会看哪里？"
SAVE_WEIGHTS = "保存权重（.npz）"
SAVE_PAGE = "存成网页（.html）"
OFFLINE_TITLE = "{name} 看了哪里"
OFFLINE_NOTE = (
    "这里显示的内容由人工智能模型生成。本页自带所显示的一切，不向网络请求任何东西。"
    "注意力图显示一个头从哪里读取，并不是解释。"
)
NO_SWITCHES = "查看器的开关只有 {known}，没有 {value}。"
ABOUT_ATTENTION = r"""
## 怎样读这些图
在图上选一个位置：每张小图显示的是，接下来要画这个位置时，某一**层**的某个**头**把注意力怎样分给已经画好的部分。
小图下方的横条是*起始符*的权重；起始符带着类别，在图里没有位置。把它算上，一步的权重之和是 1。
斜线部分当时还没画：掩码让它的权重恰好为 0。

$T$ 个小块的序列，在每个头里有 $T^2$ 个权重：边长翻倍，块数变成四倍，**权重变成十六倍**。

**Rollout**（[Abnar and Zuidema 2020](https://arxiv.org/abs/2005.00928)）对各头取平均，把残差连接算作一半，
再把各层乘起来：综合所有层，信息可能从哪里来。
"""

# static/attention.html 里的文本
VIEWER = {
    "surprise": "意外程度",
    "surprise_title": "不看注意力，看每个小块有多出乎意料",
    "tone": "标尺",
    "tone_title": "权重怎样变成颜色",
    "root": "平方根",
    "linear": "线性",
    "log": "对数",
    "expected": "它在这里预期什么",
    "expected_title": "画这个小块之前，每个像素的 256 个值各有多大可能；每条 8 个值，从 0.1% 起按对数画，实际的值有标记",
    "stage": "图，以及一个头看向哪里",
    "layer": "层",
    "head": "头",
    "save": "把眼前的画面存成图片",
    "canvas": "图。方向键移动位置，空格键重放作画过程。",
    "drawing": "正在画",
    "replay": "重放作画过程",
    "step": "作画的步骤",
    "maps": "所有层和头",
    "direction": "方向",
    "from": "它看了哪里",
    "from_title": "画这个位置的那一步从哪里读取",
    "later": "后来谁看了这里",
    "later_title": "后面的哪些步骤从这个位置读取",
    "sink": "隐藏起始符",
    "sink_title": "只看各块之间的权重，加起来是 1",
    "shared": "统一标尺",
    "shared_title": "否则每张图都以自己最强的位置为最亮",
    "lines": "连线",
    "lines_title": "连到最强的五个位置",
    "help": "指向图或小图可以预览，点击可以固定。方向键移动位置，空格键重放。",
    "honest": "<b>注意力不是解释。</b>它显示一个头从哪里读取，"
    "却不显示读到了什么，也不说明这对结果是否要紧。",
}

# 探索标签页
VIEW = "视图"
VIEWS = {"map": "地图", "classes": "换个类别", "directions": "方向",
         "corners": "四角", "loop": "循环", "scores": "判别器",
         "project": "投影", "tradeoff": "温度", "modes": "覆盖", "complete": "半张图",
         "heads": "注意力头", "pixel": "一个位置", "formula": "公式"}  # fmt: skip
SHOW = "换一张"
SIDE = "每边的图数"
STOPS = "站数"
LEG = "站与站之间的步数"
MOVE = "移动量"
PLANE = "平面"
PLANE_INFO = "在所有方向里，选哪两个放进图里"
PLANES = {"pca": "PCA 主成分", "means": "类别均值", "kl": "KL 最大"}
CORNERS = {"label": "左上的类别", "label_b": "右上的类别",
           "label_c": "左下的类别", "label_d": "右下的类别"}  # fmt: skip
NO_NUMBER = "{name}应是 -{reach} 到 {reach} 之间的数，而不是 {value}。"
NO_CHOICE = "{name}应是 {known}，而不是 {value}。"
NO_VIEW = "{name} 没有“{view}”：它需要 {capability} 能力；请换一个视图。"
NO_SURVEY = (
    "{name} 没有为此测量过；请运行 python -m train.survey CHECKPOINT --data DIR --write，"
    "或者换一个视图。"
)
NO_PART = "{name} 的测量里没有这一项：它需要有类别的数据；请换一个视图，或者用这样的数据测量它。"
CORNERS_ALT = "{name}：四张图之间的 {side} 乘 {side} 张图"
CORNERS_INFO = "四角是“采样”用这个种子画出的前四张图。每一行都从左边的一点走到右边的一点。"
LOOP_INFO = "{frames} 帧，经过 {stops} 张图再回到第一张，它们就是“采样”用这个种子画出的图；首尾相接，没有跳动。"
LOOKS = {
    "ink": ("墨更多", "墨更少", "墨量"),
    "width": ("更宽", "更窄", "宽度"),
    "height": ("更高", "更矮", "高度"),
    "slant": ("向右倾", "向左倾", "倾斜"),
    "loudness": ("更响", "更轻", "响度"),
    "brightness": ("更亮", "更暗", "音色亮度"),
    "length": ("更长", "更短", "长度"),
    "onset": ("起音更慢", "起音更快", "起音"),
    "rightwards": ("向右移", "向左移", "向右的移动"),
    "upwards": ("向上移", "向下移", "向上的移动"),
    "speed": ("更快", "更慢", "速度"),
}
AND = "，"
NEXT = ""
LITTLE = "所量的几乎不变"
TOWARDS = "更像 {more}，更不像 {less}"
CHANNELS = ("红色", "绿色", "蓝色")
CHANNEL_TOWARD = "{channel}更像 {more}"
LOGITS = "{more} 的 logit {up}，{less} 的 {down}"
BEFORE = "移动之前"
AFTER = "移动之后"
DIRECTION_ALT = "沿方向 {number}，从 -3 到 3"
DIRECTIONS_INFO = (
    "每一条沿一个方向从 -3 走到 3，1 是先验的一个标准差。数字是走两步平均改变多少，以同一类别样本之间的标准差为单位。"
    "这些方向最能改变 {classifier} 的特征，由 {samples} 个样本回归得到；名字也是量出来的，单张图可能有不同的反应。"
)
BY_MEANS = "潜变量 − 本类均值 + 另一类均值，不告诉类别"
BY_CLASS = "同样的风格，把类别告诉编码器和解码器"
FROM_GIVEN = "一个 {label}，按它的类别"
FROM_NEAREST = "它的潜变量离 {label} 的均值最近"
ARRIVES = "测试图中有 {share} 到达（最少的是 {worst}：{least}）。"
ARRIVES_INFO = "到达是指 {classifier} 看到的正是想要的类别。"
PLANE_IS = {
    "pca": "这个平面由测试图散布最广的两个方向张成（PCA）。",
    "means": "这个平面由各类别均值散布最广的两个方向张成。",
    "kl": "这个平面由 KL 最大的两个潜变量张成，即第 {first} 个和第 {second} 个。",
}
PLANE_FACTS = (
    "它保留了 {images} 张测试图 {share} 的方差，图上的点按其中 {shown} 张的直方图重新抽取；{dimensions} 维中的其余 {rest} 维都被压平了，"
    "所以并排的两个字可能相距很远。"
)
PLANE_APART = "在这里，{apart} 的测试图的十个近邻大多与它同类；在全部维度里是 {whole}。"
PLANE_UNTOLD = "没有人把类别告诉过这个模型：图上的字是数据自己的类别，分得开的，是它自己分开的。"
PLANE_POINT = "显示的图就是这一点本身，其余维度取均值，而不是旁边那个字的图。"
AXES = {
    "pca": ("→ 第一主成分", "↑ 第二主成分"),
    "means": ("→ 类别均值的第一主成分", "↑ 第二主成分"),
    "kl": ("→ KL 最大的潜变量", "↑ 第二大的"),
}
TOTAL = "样本数量"
NO_JUDGE = "已加载的分类器都不认识 {name} 的类别；请添加一个同样数据的分类器，或者换一个视图。"
JUDGED = "按 {label} 评判"
SLOPE = "哪里的墨会改变分数"
SCORE = "{label}：<b>{score}</b>，高于 {share}"
SCORE_ALONE = "<b>{score}</b>，高于 {share}"  # 没有类别
SCORES_INFO = (
    "从最可信到最不可信。数字是判别器的 logit，旁边是{images}中分数更低的比例：在相对损失下，单独一个分数没有意义，"
    "只有差值才有。热图是梯度：<b class='more'>橙色</b>处多一点墨会提高分数，<b class='less'>蓝色</b>处会降低分数；"
    "每张图都以自己最强的位置为最亮。"
)
SCORES_TITLE = "分数"
SCORES_REAL = "测试图"
SCORES_MADE = "这些样本"
SCORES_LOSS = (
    "与{paired}（共 {images} 张）的分数配对，判别器在这 {count} 个样本上的损失是 {loss}，即 softplus(假 − 真) 的平均。"
    "把这一对交换，就是生成器的损失 {generator}。双方各自减小自己的损失；两者都等于 0.693（即 ln 2）时，谁也分不出真假。"
)
SCORES_PAIRED = {True: "同类测试图", False: "测试图"}  # 同上
SCORES_DRAWN = "同一张图按每个类别各评判了一次。"
USE_DRAWING = "用这张图"
DRAWN_AS = {
    "sound": "这里把画当作一个声音的频谱：时间从左到右，低音在下。",
    "video": "这里把画当作一段静止的视频。",
}  # fmt: skip
PROJECT = "投影"
PROJECT_FIRST = "先画点什么，再按“投影”"
PROJECTED = "在 {name} 里用优化找到的，按 {label}：误差 {error}，{seconds} 秒"
ENCODED = "{name}，编码一遍再解码：误差 {error}，{milliseconds} 毫秒"
PROJECTING = "第 {step} 步，共 {steps} 步"
SEARCHES = "每一次搜索（起点各不相同）和它的误差"
PROJECTED_LENGTH = "找到的潜变量长 {length}；{dimensions} 个数的随机潜变量长度在 {typical} 左右，生成器就是在那里训练的。"
PROJECT_INFO = (
    "GAN 没有编码器：梯度下降寻找一个潜变量，使画出来的图接近这张画，同时在先验下也可能；所有搜索一起进行，最多 {seconds} 秒。"
    "本页一次只做一个投影，下一个要排队；其他的事照常进行。误差是像素差（取值 0 到 1）的均方根。"
)
ROWS = "保留的小块行数"
WHOLE_PICTURE = "整张图"
KEPT = "保留的部分"
COMPLETIONS = "画完的图"
COMPLETE_INFO = "只能给出上半部分：模型从左到右、从上到下地画，每一步看到的是它上面的部分。每张图下面是分类器看到的类别。"
MUTED = "关掉的头"
MUTED_INFO = "层和头，从 1 数起"
NO_HEADS = "{value} 不是这个模型的头；请写从 1 数起的层和头，如 1.2,3.4。"
ALL_HEADS = "所有的头：{bits} 比特"
WITHOUT_HEADS = "关掉之后，同样的种子"
HEADS_PRICE = "没有这些头，模型编码左边这张图要多用 {bits} 比特（平均每个值 {each}）。"
HEADS_TITLE = "整张图上的每个头：熵、距离、起始符"
HEAD_TITLE = "层和头 {name}"
HEADS_INFO = (
    "一行是一层。头的名字下面依次是：权重的熵（比特，对所有步骤取平均）；它看得多远（以小块计，不算起始符）；"
    "起始符得到的份额。关掉的意思是：这个头找到的东西不再加进总和。由此失去的，比它看向哪里更能说明问题；"
    "但头与头可以互相替代，所以损失小并不说明一个头没有用。"
)
LAYER = "层"
HEAD = "头"
FORMULA_HERE = "代入此处数字的公式"
FORMULA_AT = "第 {layer} 层第 {head} 头，{place}"
FORMULA_ONE = "公式说的是某一层的某一个头：请选一张不是平均、最大或 rollout 的图。"
COST = "长度翻倍，代价几何"
COST_HINT = "每个位置都要看它之前的所有位置，所以位置多一倍，位置对就是四倍。在为本页作答的机器上实测一下：这要花多少时间，而把键和值留下来（缓存）又省下多少。"
COST_MEASURE = "现在就测"
COST_LINES = ("所有位置一次算完", "同上，融合内核", "用缓存再算一个位置")
COST_CHART = "耗时随序列长度的变化，两轴均按翻倍刻度"
COST_AXIS = "位置数；两轴均按翻倍刻度"
COST_COLUMNS = (
    "位置数", "每个头的位置对", "一次算完", "同上，融合内核", "用缓存再算一个",
    "所有头的注意力图", "所有头的缓存",
)  # fmt: skip
COST_FOUND = "刚才从 {before} 个位置到 {last} 个位置，一次算完的耗时是原来的 {whole} 倍，再算一个位置是原来的 {row} 倍。按长度的平方算应是四倍，按长度算应是两倍；注意力图大到处理器的缓存装不下时会更多，时间主要花在启动运算上时会更少。"
COST_STEPS = "{name} 要一个接一个地生成 {steps} 个位置。有缓存时，每个位置只算自己那一行；没有缓存时，之前所有的行都得重算一遍，位置对总数是有缓存时的 {times} 倍。"
COST_INFO = "测的是一个头自己的查询、键和值：一种是照公式 softmax(QKᵀ / √d) V 逐步写出来，一种是 PyTorch 的融合内核——两者结果相差不超过 {apart}，而融合内核不保存注意力图：它的内存只随长度增长，耗时仍随长度的平方增长。超出这个检查点的 {places} 个位置之后，用的是同一批向量的重复。注意力图和缓存是按大小算出的全部 {heads} 个头的 float32 用量。序列较短时，层里其余的计算随长度增长，占去了大部分时间。"
FORMULA_SIGN = "“{sign}”（第 {place} 个）"
IN_EXPLORE = "在“探索”里看同一张图的同一个位置："
FORMULA_KEY = "与谁比较"
FORMULA_STEPS = ("q\u00a0·\u00a0k", "÷\u00a0√{d}", "softmax")
FORMULA_START = "起始符"
FORMULA_PLACE = "第 {row} 行第 {column} 列"
FORMULA_REST = "其余 {count} 个，合计"
FORMULA_MASKED = "后面的 {count} 个：被掩码遮住，−∞"
FORMULA_SUM = "值的加权和长 {length}；其中最长的一份长 {share}，来自{where}。之后这一层的各个头并排放在一起，再经过一个矩阵。"
FORMULA_INFO = (
    "一个头的一步，按 Attention(Q, K, V) = softmax(QKᵀ / √d) V，d = {d}：有框的位置的查询与它之前所有位置的键相比较，"
    "先列出权重最大的 {top} 个。除以 √d，是为了不让 softmax 非此即彼。"
)
POSITION = "位置，按画的先后"
EXPECTED = "每个值有多可能"
EXPECTED_VALUE = "第 {number} 个值：{value}，模型给它 {share}（<b>{bits} 比特</b>）；黑色 {black}"
EXPECTED_INFO = (
    "画一个小块之前，模型说出它每个像素的 256 个值各有多可能，所知道的是这里亮着的一切，以及这个小块里在前的像素。"
    "横条是对数刻度，从 0.1% 起，每条 8 个值；真正的值所在的那一条有标记。"
)
PLACE_ALT = "画到位置 {position} 为止的图，这个位置有框"
TRADEOFF = {
    "temperature": "温度", "accuracy": "标签准确率", "frechet": "Fréchet 距离",
    "precision": "精确率", "recall": "召回率", "coverage": "覆盖率", "modes": "出现的模式",
}  # fmt: skip
TRADEOFF_TITLE = "保真与多样随温度的变化"
AT_TEMPERATURE = "温度 {temperature} 的样本"
SAME_SEED = "同样的潜变量"
TRADEOFF_INFO = (
    "每个温度取 {samples} 个样本，与同样多的测试图比较，用 {classifier} 的特征。精确率是靠近真图的样本所占的比例，"
    "召回率是靠近样本的真图所占的比例，覆盖率是近邻范围内有样本的真图所占的比例；Fréchet 距离合并两种误差，越低越近。"
)
# 标题之后，模型有哪些视图，就说怎样读哪些
ABOUT_LATENT = r"""
## 怎样读潜空间
有潜空间的模型从一个由许多数组成的地址 $z$ 画出每一张图。
"""
ABOUT_VIEWS = {
    "map": r"""
**地图**显示这个空间里的一个平面：点 $(x, y)$ 的地址是

$$z = \bar\mu + x\,u + y\,v,$$

其中 $\bar\mu$ 是所有测试图的均值，$u$、$v$ 张成这个平面。
""",
    "classes": r"""
地址可以相加减：**换个类别**减去一个类别的均值，再加上另一个的，

$$z' = z - \mu_a + \mu_b.$$
""",
    "directions": r"""
**方向**问的是图里什么最依赖 $z$：设 $f$ 是分类器的特征，用回归求出平均雅可比
$J = \mathbb{E}\,[\partial f / \partial z]$，它的右奇异向量就是这些滑块
（[GANSpace](https://arxiv.org/abs/2004.02546) 用主成分走的是同一条路）。
""",
}

# static/map.html 里的文本
MAP = {
    "canvas": "平面。方向键移动这一点，按住 Shift 则画出路径。",
    "picture": "模型在这一点画出的图",
    "play": "播放路径",
    "dots": "测试图",
    "pictures": "解码的网格",
    "legend": "类别",
    "help": "指向平面，看模型在那一点画出什么；点击可以固定，拖动可以画一条路径，观看它并存成动画。图上的字表示各类测试图的分布。",
}

# static/sequence.html 里的文本
SEQUENCE = {
    "stage": "文字，以及一个头看向哪里",
    "layer": "层",
    "head": "头",
    "shades": "颜色表示什么",
    "attention": "注意力",
    "surprise": "意外程度",
    "surprise_title": "每个字符有多出乎意料，以比特计",
    "text": "文字。方向键移动位置。",
    "writing": "正在写",
    "earlier": "这一步读了哪里",
    "later": "后来谁读了它",
    "odd": "意外程度，最深为 8 比特",
    "pair": "对句中的同一位置",
    "rhyme": "押韵的位置：偶数句句末（是否真押韵没有检查：那需要中古音韵表）",
    "next": "这里还可能写什么",
    "maps": "所有层和头",
    "help": "指向字符或小图可以预览，点击可以固定，方向键移动。小图从上到下每行是一步，每列是它读的一个字符。",
    "honest": "<b>注意力不是解释。</b>它显示一个头从哪里读取，"
    "却不显示读到了什么，也不说明这对结果是否要紧。",
}

# 训练过程标签页
BESIDE = "并排比较"
BESIDE_INFO = "在同一时间轴上放第二次训练"
ALONE = "不比较"
THE_FRAME = "帧号"
FILM_FAILS = "失败：{name}"
FILM_MENDS = "补救：{name}"
FILM_ALONE = "一段影片：这次训练没有留下权重，因此只在这个标签页里。"
FILM_FAILURE = "有意做坏：{claim}。"
FILM_REMEDY = "对 {name} 试的补救：{claim}。"
# 影片的结果，键是 `outcome` 里的名称。
OUTCOMES = {
    "label accuracy": "{value:.0%} 的样本画出了要求的类别（乱猜是 10%）",
    "classes covered": "{value:.0%} 的类别出现了",
    "diversity": "多样性是数据的 {value:.0%}",
    "margin": "真图领先假图 {value:.1f} 分（logit）",
    "-ELBO": "每张图 {value:.1f} 奈特",
    "-log p(x|z)": "其中给定潜变量后描述图 {value:.1f}",
    "KL": "编码潜变量 {value:.1f}",
    "sharpness of reconstructions": "编码再解码后的锐度是原图的 {value:.0%}",
    "sharpness of samples": "样本的锐度是 {value:.0%}",
}
FILM_END = {
    "gan": "结果（最后十次查看的平均）：{found}。",
    "vae": "结果（测试图上）：{found}。",
}
LISTED = "；"
FILM_EVENT = "第 {step} 步，{event}"
FILM_NOTICED = "训练中注意到：{events}。"
FILM_UNNOTICED = "训练中没有注意到异常。"
FILM_SETTINGS = "何时、何处、用什么参数"
MAPS_TOO_LARGE = "{name} 有 {layers} 层、每层 {heads} 个头、{places} 个位置，注意力图太多，无法显示；请换一个检查点。"
NO_SNAPSHOTS = "{name} 没有留下训练快照，请换一次训练。"
ABOUT_TIMELAPSE = """
## 这段影片显示什么
在每个阶段，模型都用**同样的噪声、同样的类别**作画，所以图变了，就是模型变了。
如果保存了，第一个阶段就是训练开始之前的样子。曲线是每个阶段之前最后几步的训练指标，滑块是在那台机器上训练所用的时间。

列在检查点之后的，是**有意做坏**的训练，以及对它们的补救，先是一次只改一处，最后几处一起改：每一次都是一条命令，一两分钟。
请把一次失败和一次补救并排放。
"""
# 每个失败和它的各种补救；{failure}、{claim} 和链接上的文字都来自影片。
PAIRS = "\n\n**在“训练过程”里并排看**\n\n"
PAIR = "- {failure}（{claim}），可以和这些补救并排看：{remedies}。\n"

# static/timelapse.html 里的文本
FILM = {
    "pictures": "模型在这一阶段做出的东西",
    "play": "播放影片",
    "stage": "训练的阶段",
    "hint": "各阶段用的是同样的噪声；模型认得类别时，图片的每一列是一个类别。方向键移动滑块。",
}

GRADIO = {
    "common.complete": "完成",
    "common.progress": "进度",
    "status.queue_position": "排队中：第 {position} 位，共 {size} 位",
}

# static/*.js 里的文本；{name} 在那里填入。
SCRIPT = {
    "dropNothing": "这个文件里没有本应用的设置。",
    # What Gradio itself says in English, and has no translation of.
    "gradio": {
        "Error": "出错了",
        "More tabs": "更多标签页",
        "Reset to default value": "恢复默认值",
        "Reset to default": "恢复默认值",
        "Gradio footer navigation": "页脚",
        "Close": "关闭",
        "Built with Gradio": "由 Gradio 构建",
    },
    "copied": "已复制",
    "copiedPartly": "已复制，不含你较大的图",
    "play": "播放",
    "pause": "暂停",
    "chosen": {
        "kept": "已存在下方。",
        "dropped": "已存在下方；{most} 张里最早的一张让出了位置。",
        "refused": "这个浏览器不让网页在这里存东西；请改为复制链接。",
        "name": "{checkpoint}，种子 {seed}，第 {chosen} 张图",
        "nameText": "{checkpoint}，种子 {seed}",
        "open": "打开 {name}",
        "remove": "移除 {name}",
    },
    "noPicture": NO_PICTURE,
    "largeFile": LARGE_FILE.format(limit=20),
    "map": {"play": "播放路径", "pause": "暂停", "at": "x {x}，y {y}"},
    "film": {
        "play": "播放影片",
        "pause": "暂停",
        "at": "{minutes} 分钟",
        "alt": "{name}，第 {step} 步",
        "began": "一开始的权重来自 {begun}，它此前已学过 {had} 个样本；现在是第 {step} 步。",
        "facts": {
            "image": "第 {step} 步，已看 {images} 张图",
            "sound": "第 {step} 步，已听 {images} 个声音",
            "video": "第 {step} 步，已看 {images} 段视频",
            "text": "第 {step} 步，已看 {images} 段文字",
        },
        "rate": {"image": "图/秒", "sound": "声音/秒", "video": "视频/秒", "text": "文字/秒"},
        "figures": {
            "D loss": "判别器损失",
            "G loss": "生成器损失",
            "penalty": "梯度惩罚",
            "margin": "真图领先假图的分数",
            "-ELBO": "−ELBO（奈特）",
            "nll": "重建（奈特）",
            "KL": "KL 项（奈特）",
            "active units": "有用的潜变量",
            "bits/dim": "比特/维",
            "nats": "奈特/字符",
            "loss": "损失",
            "diversity": "多样性（占数据的比例）",
            "label accuracy": "类别正确（比例）",
            "classes covered": "出现的类别（比例）",
            "memory MB": "内存（MB）",
        },
        "steps": {
            "gan": {
                "title": "GAN 训练的一步",
                "list": [
                    "两个网络都从随机权重开始；现在是第 {step} 步。",
                    "生成器把一批噪声变成图：上面的图每次都来自同样的噪声。",
                    "判别器给真图和假图成对打分。真图平均领先假图 {margin} 分；0 就表示它分不出来。",
                    "双方各自降低自己的损失：判别器的是 {D_loss}，生成器的是 {G_loss}。"
                    "等于 0.693（即 ln 2）时不分胜负。",
                ],
            },
            "gan_alone": {
                "title": "GAN 训练的一步",
                "list": [
                    "两个网络都从随机权重开始；现在是第 {step} 步。",
                    "生成器把一批噪声变成图：上面的图每次都来自同样的噪声。",
                    "判别器给每张图单独打分。真图平均领先假图 {margin} 分；0 就表示它分不出来。",
                    "双方各自降低自己的损失：判别器的是 {D_loss}，生成器的是 {G_loss}。"
                    "不分胜负时是多少，要看损失是哪一种：最早的 GAN，判别器的是 1.386（即 2 ln 2）。",
                ],
            },
            "vae": {
                "title": "VAE 训练的一步",
                "list": [
                    "编码器和解码器都从随机权重开始；现在是第 {step} 步。",
                    "编码器把每张图变成一个高斯分布；其中 {active_units} 个潜变量带有信息。",
                    "解码器把其中随机的一点变回一张图。",
                    "两者一起降低一个和：给定潜变量时描述这张图所需的 {nll} 奈特，"
                    "加上 λ = {beta} 乘以编码潜变量所需的 {KL} 奈特。",
                    "在训练的前 {warmup}，λ 从 0 升到这个值。",
                    "上界把两项各算一次，与 λ 无关：{_ELBO} 奈特。",
                ],
            },
            "ladder": {
                "title": "分层 VAE 训练的一步",
                "list": [
                    "所有权重都从随机值开始；现在是第 {step} 步。",
                    "编码器在每一种尺寸上看每张图。",
                    "自上而下，每一层潜变量都参照上面各层和这张图来抽取，再往下解码。",
                    "整个模型降低一个和：给定所有层时描述这张图所需的 {nll} 奈特，"
                    "加上 λ = {beta} 乘以编码各层所需的 {KL} 奈特。",
                    "在训练的前 {warmup}，λ 从 0 升到这个值。",
                    "说得少于 {free} 奈特的层按 {free} 奈特计，免得有的层沉默。",
                    "这个数在训练的前 {until} 降到 0。",
                    "上界把两项各算一次，与 λ 无关：{_ELBO} 奈特。",
                ],
            },
            "attention": {
                "title": "自注意力训练的一步",
                "list": [
                    "所有权重都从随机值开始；现在是第 {step} 步，已看 {images} 张图。",
                    "每个位置都看向此前的所有位置，所有层同时进行；掩码遮住后面的部分。",
                    "模型说出下一个小块的每个值有多大可能。",
                    "它降低的是对真实值的意外程度：每个像素值 {bits_dim} 比特；瞎猜是 8 比特。",
                ],
            },
            "language": {
                "title": "自注意力训练的一步",
                "list": [
                    "所有权重都从随机值开始；现在是第 {step} 步，已看 {images} 段文字。",
                    "每个位置都看向此前的所有位置，所有层同时进行；掩码遮住后面的部分。",
                    "模型说出下一个字符是每一种的可能有多大。",
                    "它降低的是对真实字符的意外程度：学习用的每个字符 {nats} 奈特。",
                ],
            },
        },
    },
    "sequence": {
        "sign": "第 {place} 个字符（共 {places} 个）{sign}：意外程度 <b>{bits} 比特</b>（概率 {share}）。",
        "signGiven": "第 {place} 个字符（共 {places} 个）{sign}是给定的：意外程度 <b>{bits} 比特</b>（概率 {share}）。",
        "onSign": "{share} 在{sign}（第 {place} 个）",
        "read": "{name}读了：{share} 在起始符{signs}。",
        "laterBy": "后来读它的：{signs}。",
        "laterNone": "后来没有一步给它超过 0.5%。",
        "pair": "对句的同一位置是{sign}。",
        "pairRhyme": "对句的同一位置是{sign}；诗在这里押韵。",
        "whole": "整段文字：每个字符 {bits} 比特。",
        "choose": "换成 {sign}，从这里接着写",
        "writing": "正在写：{count} 个字符",
        "rollout": "所有层的 rollout ",
        "oneHead": "第 {layer} 层第 {head} 头",
        "mean": "第 {layer} 层各头平均",
        "max": "第 {layer} 层各头最大",
        "layer": "第 {layer} 层",
        "tileMean": "平均",
        "tileTitle": "{name}；横条是起始符",
        "optionMean": "平均",
        "optionMax": "最大",
        "optionRollout": "rollout",
        "list": "；",
    },
    "attention": {
        "surprise": "模型对这里感到意外 <b>{bits} 比特</b>；整张图平均每个值 {all} 比特。",
        "surpriseReal": "没学过的真实图片平均每个值 {real} 比特。",
        "expectedValue": "{value}：{share}，{bits} 比特",
        "brightestBits": "最亮处 {bits} 比特",
        "where": "第 {row} 行第 {column} 列",
        "rollout": "所有层的 rollout",
        "oneHead": "第 {layer} 层第 {head} 头",
        "mean": "第 {layer} 层各头平均",
        "max": "第 {layer} 层各头最大",
        "drawnIn": "<b>{where}的小块</b>是第 {step} 步画的。",
        "lookedAt": "{name}：看它最多的是{steps}。",
        "lookedStep": "第 {step} 步（{where}，<b>{share}</b>）",
        "lookedNone": "{name}：后面没有一步给它超过 0.5%。",
        "lookedSum": "后面所有步骤加起来，相当于 {total} 整步的注意力。",
        "stepDrew": "<b>第 {step} 步</b>画的是{where}的小块。",
        "stepDraws": "<b>第 {step} 步</b>正在画{where}。",
        "token": "起始符（类别 {label}）",
        "tokenAny": "起始符（任意类别）",
        "nothingYet": "{name}：还什么都没画，所以全部落在{token}上。",
        "onToken": "{name}：<b>{share}</b> 在{token}上，{places}。",
        "onPlaces": "{name}：{places}。",
        "onPlace": "<b>{share}</b> 在{where}",
        "noPlace": "没有位置超过 0.5%",
        "spread": "在图里：分散程度相当于 {places} 个等权重的位置，平均相距 {far} 块。",
        "brightest": "最亮处 {share}",
        "drawing": "正在画 {drawn} / {steps}",
        "layer": "第 {layer} 层",
        "tileMean": "平均",
        "tileTitle": "{name}；横条是起始符",
        "optionMean": "平均",
        "optionMax": "最大",
        "optionRollout": "rollout",
        "replay": "重放作画过程",
        "pause": "暂停",
        "figureMade": "人工智能生成",
        "figureClass": "类别 {label}",
        "figureGiven": "给定的图",
        "figureSeed": "种子 {seed}",
        "figureStep": "第 {step} 步，共 {steps} 步",
        "figureStart": "起始符 {share}",
        "from": "它看了哪里",
        "later": "后来谁看了这里",
        "list": "；",
    },
}
